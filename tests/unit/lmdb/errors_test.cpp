// SPDX-License-Identifier: Apache-2.0
//
// Numbers become errors; failed commits tell the truth about what was applied.
#include "lmdb/errors.hpp"

#include <cerrno>
#include <lmdb.h>

#include "lmdb_support.hpp"
#include "probe_process.hpp"
#include "support/catch.hpp"

using namespace milepost;
using namespace milepost::lmdb;
using namespace milepost::lmdb::test;

TEST_CASE("every number of LMDB and the system has its code, a message and advice",
          "[lmdb][errors]") {
  TempDir dir;
  struct Row {
    int number;
    Phase phase;
    Errc code;
  };
  for (const Row& row : {
           Row{ENOSPC, Phase::commit, Errc::disk_full},
           Row{EDQUOT, Phase::commit, Errc::disk_full},
           Row{EFBIG, Phase::commit, Errc::disk_full},
           Row{EIO, Phase::commit, Errc::io},
           Row{EINTR, Phase::commit, Errc::io},
           Row{EACCES, Phase::open, Errc::permission},
           Row{EPERM, Phase::open, Errc::permission},
           Row{EROFS, Phase::open, Errc::permission},
           Row{ENOMEM, Phase::write, Errc::out_of_memory},
           Row{ENOMEM, Phase::open, Errc::out_of_address_space},
           Row{ENOENT, Phase::open, Errc::not_found},
           Row{EMFILE, Phase::open, Errc::io},
           Row{EAGAIN, Phase::begin_read, Errc::pid_clash},
           Row{EACCES, Phase::begin_read, Errc::pid_clash},
           Row{EBADF, Phase::read, Errc::io},
           Row{MDB_CORRUPTED, Phase::read, Errc::corrupt},
           Row{MDB_PAGE_NOTFOUND, Phase::read, Errc::corrupt},
           Row{MDB_NOTFOUND, Phase::read, Errc::corrupt},
           Row{MDB_BAD_DBI, Phase::read, Errc::corrupt},
           Row{MDB_INCOMPATIBLE, Phase::read, Errc::corrupt},
           Row{MDB_BAD_TXN, Phase::commit, Errc::corrupt},
           Row{MDB_PANIC, Phase::begin_read, Errc::needs_reopen},
           Row{MDB_BAD_RSLOT, Phase::begin_read, Errc::needs_reopen},
           Row{MDB_VERSION_MISMATCH, Phase::open, Errc::version},
           Row{MDB_INVALID, Phase::open, Errc::not_a_database},
           Row{MDB_MAP_FULL, Phase::write, Errc::map_full},
           Row{MDB_READERS_FULL, Phase::begin_read, Errc::readers_full},
           Row{MDB_TXN_FULL, Phase::write, Errc::invalid_argument},
           Row{MDB_BAD_VALSIZE, Phase::write, Errc::invalid_argument},
           Row{MDB_MAP_RESIZED, Phase::begin_read, Errc::busy},
           Row{MDB_KEYEXIST, Phase::write, Errc::internal},
       }) {
    INFO(row.number);
    const Error error = from_lmdb(row.number, row.phase, dir.path());
    CHECK(error.code == row.code);
    CHECK(error.system == row.number);
    CHECK(error.applied == Applied::no);
    CHECK(error.subject == dir.path());
    CHECK_FALSE(error.message.empty());
    CHECK_FALSE(error.advice.empty());
  }
  CHECK(from_lmdb(EINTR, Phase::commit, dir.path()).retry_safe);
  CHECK(from_lmdb(ENOSPC, Phase::commit, dir.path()).retry_safe);
  CHECK_FALSE(from_lmdb(EIO, Phase::commit, dir.path()).retry_safe);
  CHECK(from_errno(ENOENT, "x", "open it").message.find("could not open it") == 0);
  CHECK(from_errno(ECHILD, "x", "open it").message.find("No child") != std::string::npos);
}

TEST_CASE("a file-size limit is disk_full, reads go on, and writing heals by itself",
          "[lmdb][errors][processes]") {
  TempDir dir;
  Probe probe({"file_size_limit", dir.path()});
  CHECK(probe.line().rfind("error -15 0 ", 0) == 0);
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "ok");
  CHECK(probe.wait() == 0);
}

TEST_CASE("a failed meta write is unknown, and everything asks for a reopen",
          "[lmdb][errors][processes]") {
  TempDir dir;
  Probe probe({"panic", dir.path(), std::to_string(EIO)});
  CHECK(probe.line().rfind("error -10 2 ", 0) == 0);
  CHECK(probe.line().rfind("error -10 0 ", 0) == 0);
  CHECK(probe.line().rfind("error -10 0 ", 0) == 0);
  CHECK(probe.line() == "ok");
  const std::string keys = probe.line();
  CHECK((keys == "ynn" || keys == "yyn"));
  CHECK(probe.wait() == 0);
}

TEST_CASE("an environment that LMDB gave up works again after reopen",
          "[lmdb][errors][processes]") {
  TempDir dir;
  Probe probe({"reopen", dir.path(), std::to_string(EIO)});
  CHECK(probe.line() == "ok");
  CHECK(probe.line().rfind("error -10 2 ", 0) == 0);
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "yy");
  CHECK(probe.wait() == 0);
}

TEST_CASE("a full disk at the meta write is unknown as well", "[lmdb][errors][processes]") {
  TempDir dir;
  Probe probe({"panic", dir.path(), std::to_string(ENOSPC)});
  CHECK(probe.line().rfind("error -10 2 ", 0) == 0);
  CHECK(probe.line().rfind("error -10 0 ", 0) == 0);
  CHECK(probe.line().rfind("error -10 0 ", 0) == 0);
}

TEST_CASE("a failed data write applies nothing and reads go on", "[lmdb][errors][processes]") {
  TempDir dir;
  SECTION("for want of space the next write may succeed") {
    Probe probe({"data_fault", dir.path(), std::to_string(ENOSPC)});
    CHECK(probe.line().rfind("error -15 0 ", 0) == 0);
    CHECK(probe.line() == "ok");
    CHECK(probe.line() == "ok");
    CHECK(probe.line() == "ok");
    CHECK(probe.line() == "yny");
  }
  SECTION("after an I/O error nothing more is written before a reopen") {
    Probe probe({"data_fault", dir.path(), std::to_string(EIO)});
    CHECK(probe.line().rfind("error -24 0 ", 0) == 0);
    CHECK(probe.line() == "ok");
    CHECK(probe.line().rfind("error -10 0 ", 0) == 0);
    CHECK(probe.line() == "ok");
    CHECK(probe.line() == "ynn");
  }
}

TEST_CASE("a failed sync applies nothing and stops writing until a reopen",
          "[lmdb][errors][processes]") {
  TempDir dir;
  Probe probe({"sync_fault", dir.path(), std::to_string(EIO)});
  CHECK(probe.line().rfind("error -24 0 ", 0) == 0);
  CHECK(probe.line() == "ok");
  CHECK(probe.line().rfind("error -10 0 ", 0) == 0);
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "ynn");
  CHECK(probe.wait() == 0);
}

TEST_CASE("an interrupted sync applies nothing and may be repeated", "[lmdb][errors][processes]") {
  TempDir dir;
  Probe probe({"sync_fault", dir.path(), std::to_string(EINTR)});
  CHECK(probe.line().rfind("error -24 0 ", 0) == 0);
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "ok");
  CHECK(probe.line() == "yny");
}

TEST_CASE("a creation that fails leaves no store and no leftovers, and can be repeated",
          "[lmdb][errors][processes]") {
  for (const char* which : {"0", "1", "2"}) {
    INFO(which);
    TempDir dir;
    Probe probe({"create_fault", dir.path(), which});
    CHECK(probe.line().rfind("error -24 0 ", 0) == 0);
    // The last sync is the folder's: before it the store may or may not survive, but it is whole.
    CHECK(probe.line() == (which[0] == '2' ? "store 0" : "none 0"));
    CHECK(probe.line() == "ok");
    CHECK(probe.wait() == 0);
  }
}
