// SPDX-License-Identifier: Apache-2.0
//
// A second process for the damage campaigns: whatever might crash or hang does it here. Reads
// requests from its input, a line each, and answers each with a line:
//
//   check FILE    the page reader      "sound" or "found <first kind> <count>", else "error ..."
//   work FOLDER   LMDB: reads all, then deletes and writes; "ok", or "bad ..."
//
// A request that takes longer than the alarm ends the process.
#include <cstdio>
#include <iostream>
#include <random>
#include <string>
#include <unistd.h>

#include "raw_store.hpp"
#include "verify/page_reader.hpp"

namespace milepost::verify::test {
namespace {

constexpr unsigned kSecondsMax = 60;

std::string check(const std::string& path) {
  std::uint64_t bytes = 0;
  const PageVisitor visitor{[](const TableView&) { return true; },
                            [&](const RecordView& record) {
                              for (const std::byte b : record.key)
                                bytes += static_cast<unsigned>(b);
                              for (const std::byte b : record.value) {
                                bytes += static_cast<unsigned>(b);
                              }
                              return true;
                            }};
  const Result<PageReport> report = check_pages(path, {}, visitor);
  if (!report) return "error " + to_string(report.error());
  if (bytes == ~0ull) return "error";  // The bytes are really looked at.
  if (report->bytes_read > report->file_size + 4096) return "error: it read pages twice";
  if (report->sound()) return "sound";
  if (report->findings.empty()) return "error: neither sound nor a finding";
  return "found " + std::string(to_string(report->findings.front().kind)) + " " +
         std::to_string(report->findings_count);
}

// Reads a table; empty if all is well.
std::string scan(MDB_txn* txn, MDB_dbi dbi) {
  MDB_cursor* cursor = nullptr;
  must(mdb_cursor_open(txn, dbi, &cursor));
  MDB_val key;
  MDB_val value;
  std::string last;
  std::size_t count = 0;
  std::string wrong;
  int rc = 0;
  while ((rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
    std::string now(static_cast<const char*>(key.mv_data), key.mv_size);
    if (count++ != 0 && now <= last) wrong = "keys out of order";
    last = std::move(now);
    const std::string touched(static_cast<const char*>(value.mv_data), value.mv_size);
    if (touched.size() > (1u << 20)) wrong = "a vast value";
  }
  mdb_cursor_close(cursor);
  if (rc != MDB_NOTFOUND) wrong = mdb_strerror(rc);
  MDB_stat stat{};
  must(mdb_stat(txn, dbi, &stat));
  if (stat.ms_entries != count) wrong = "another number of entries";
  return wrong;
}

std::vector<std::string> table_names(MDB_txn* txn, MDB_dbi main) {
  MDB_cursor* cursor = nullptr;
  must(mdb_cursor_open(txn, main, &cursor));
  std::vector<std::string> names;
  MDB_val key;
  MDB_val value;
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    names.emplace_back(static_cast<const char*>(key.mv_data), key.mv_size);
  }
  mdb_cursor_close(cursor);
  return names;
}

// Deletes about half of a table and writes as much again.
void rewrite(RawStore& store, MDB_dbi dbi, std::mt19937_64& random) {
  MDB_cursor* cursor = nullptr;
  must(mdb_cursor_open(store.txn(), dbi, &cursor));
  MDB_val key;
  MDB_val value;
  int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  while (rc == 0) {
    if (random() % 2 == 0) must(mdb_cursor_del(cursor, 0));
    rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  for (int i = 0; i < 60; ++i) {
    store.put(dbi, numbered(random() % 100'000), std::string(random() % 3'000, 'n'));
  }
}

std::string work(const std::string& folder) {
  RawStore store(folder);
  std::mt19937_64 random(1);
  for (int round = 0; round < 3; ++round) {
    store.begin();
    const MDB_dbi main = store.table("");
    if (const std::string wrong = scan(store.txn(), main); !wrong.empty()) return "bad " + wrong;
    for (const std::string& name : table_names(store.txn(), main)) {
      MDB_dbi dbi = 0;
      const int rc = mdb_dbi_open(store.txn(), name.c_str(), 0, &dbi);
      // Plain records, and names in which a damaged byte became a zero.
      if (rc == MDB_INCOMPATIBLE || rc == MDB_NOTFOUND) continue;
      must(rc);
      if (const std::string wrong = scan(store.txn(), dbi); !wrong.empty()) return "bad " + wrong;
      rewrite(store, dbi, random);
    }
    store.commit();
  }
  return "ok";
}

}  // namespace
}  // namespace milepost::verify::test

int main() {
  using namespace milepost::verify::test;
  std::string line;
  while (std::getline(std::cin, line)) {
    ::alarm(kSecondsMax);
    std::string answer = "error: no such request";
    try {
      if (line.starts_with("check ")) answer = check(line.substr(6));
      if (line.starts_with("work ")) answer = work(line.substr(5));
    } catch (const std::exception& problem) {
      answer = std::string("bad ") + problem.what();
    }
    ::alarm(0);
    std::cout << answer << std::endl;
  }
  return 0;
}
