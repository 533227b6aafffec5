# SPDX-License-Identifier: Apache-2.0
"""What mutants break. Of those that break a rule of the write path none may survive."""

WRITE_PATH = {
    "answers": "An answer, a refusal too, is given once what it was decided on is synced; until "
               "then nobody sees the effects.",
    "chain": "A group verifies by itself and by its place in the chain, and after every open the "
             "journal goes on in a higher generation.",
    "tail": "A torn tail is cut beyond what was known to be synced; a bad group below is damage.",
    "replay": "Opening commits all that was replayed before its first answer.",
    "relaxed": "Relaxed mode waits at its bounds; neither LMDB, the feed nor a waiter is ahead of "
               "the sync.",
    "map": "A reader probes the recent map before LMDB; an effect leaves the map after its commit.",
    "journaled": "Every change is an effect in the journal: a removal leaves a tombstone, an "
                 "erasure blanks the feed, a key goes with its run.",
    "failure": "A failed write or sync of the journal ends writing; LMDB's failures are tried "
               "again, no segment is recycled meanwhile, and one is kept for what frees space.",
    "limits": "A batch has its limits, is refused before its first byte, and is there wholly or "
              "not at all.",
    "backup": "A backup holds all that was acknowledged; what is restored is another store.",
    "creation": "A store is made under another name, synced and renamed; what is none is refused.",
    "fork": "A forked child is told so and holds nothing of its parent's.",
}

ENGINE = {
    "decisions": "A command does what the state table says, to whom the run belongs.",
    "leases": "A lease ends at its end, and a heartbeat moves it.",
    "indexes": "Every index and counter follows from the runs.",
    "lists": "Pages show every run once, in order.",
    "waits": "Who waits is woken by the commit that he waits for.",
    "readers": "A read has one moment, and its slot comes back.",
    "locks": "One process writes, and opens a store once.",
    "files": "Files are private, local and checked before LMDB sees them.",
    "map size": "The map grows when nobody reads through it, and not past its cap.",
    "feed": "The feed keeps what it promises, and no more.",
    "records": "What is read is what was written, or an error.",
    "texts": "Ids, instants and JSON are exact.",
    "verify": "Damage is found, by the page and by the row.",
}

RULES = {**WRITE_PATH, **ENGINE}
