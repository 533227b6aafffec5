# SPDX-License-Identifier: Apache-2.0
"""What a mutant is: a breakage of the library by hand, and how it is put into a source.

All mutants are built into one copy of the sources and chosen at run time by the environment
variable MILEPOST_MUTANT: an expression A becomes `(milepost_mutant("name") ? (B) : (A))`, a
statement `if (milepost_mutant("name")) { B } else { A }`. Of constants and of what is decided when
the library is compiled there can be no mutant like that.
"""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Site:
    """A place in a file. `original` is an expression or, if it ends with ; or }, statements that
    declare nothing for what follows. It occurs once in the file, or in `within`, which does."""
    file: str
    original: str
    replacement: str
    within: str = ""
    insert: bool = False  # the replacement comes before the original, which stays

    @property
    def is_statement(self):
        return self.original.endswith((";", "}"))


def insert(file, before, statements):
    """A site where the mutant does something more, ahead of a statement, whose beginning is named
    and which stays as it is: here it may be a declaration."""
    return Site(file, before, statements, insert=True)


@dataclass(frozen=True)
class Mutant:
    """`rule` is a key of the rules; `tests` are programs with what they are to run (tags, a name,
    options), quickest first."""
    name: str
    rule: str
    sites: Tuple[Site, ...]
    tests: Tuple[str, ...]


class Table(list):
    """Mutants, rule by rule."""

    def __init__(self):
        super().__init__()
        self._rule = None

    def rule(self, rule):
        self._rule = rule

    def add(self, name, sites, *tests):
        sites = (sites,) if isinstance(sites, Site) else tuple(sites)
        self.append(Mutant(name, self._rule, sites, tests))


class NotApplicable(Exception):
    """The table does not fit the sources."""


def _find_once(text, wanted, what):
    count = text.count(wanted)
    if count != 1:
        raise NotApplicable(f"{what}: occurs {count} times, not once: {wanted!r}")
    return text.index(wanted)


def span_of(site, text, name):
    """Where the original is: (begin, end)."""
    what = f"mutant {name}, {site.file}"
    begin = 0
    if site.within:
        begin = _find_once(text, site.within, what)
        begin += _find_once(site.within, site.original, what)
    else:
        begin = _find_once(text, site.original, what)
    return begin, begin + len(site.original)


def _wrap_expression(original, mutants):
    text = original
    for name, site in mutants:
        text = f'(milepost_mutant("{name}") ? ({site.replacement}) : ({text}))'
    return text


def _wrap_statement(original, mutants):
    text = ""
    for name, site in mutants:
        text += f'if (milepost_mutant("{name}")) {{ {site.replacement} }} else '
    return f"{text}{{ {original} }}"


def wrap(original, mutants):
    """The original with all mutants of one place, as (name, site), built in."""
    inserted = [(name, site) for name, site in mutants if site.insert]
    replaced = [(name, site) for name, site in mutants if not site.insert]
    text = original
    if replaced and replaced[0][1].is_statement:
        text = _wrap_statement(original, replaced)
    elif replaced:
        text = _wrap_expression(original, replaced)
    for name, site in inserted:
        text = f'if (milepost_mutant("{name}")) {{ {site.replacement} }} {text}'
    return text


def mutate(text, mutants):
    """The text of one file with (name, site) pairs built in. Raises NotApplicable."""
    places = {}
    for name, site in mutants:
        places.setdefault(span_of(site, text, name), []).append((name, site))
    spans = sorted(places)
    for (_, end), (begin, _) in zip(spans, spans[1:]):
        if begin < end:
            raise NotApplicable(f"two mutants overlap: {text[begin:end]!r}")
    for span in reversed(spans):
        text = text[:span[0]] + wrap(text[span[0]:span[1]], places[span]) + text[span[1]:]
    return text


def sites_by_file(mutants):
    """file -> [(mutant's name, site)]"""
    files = {}
    for mutant in mutants:
        for site in mutant.sites:
            files.setdefault(site.file, []).append((mutant.name, site))
    return files
