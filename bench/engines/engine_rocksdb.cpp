// SPDX-License-Identifier: Apache-2.0
//
// RocksDB: the record and its index keys in one WriteBatch. Concurrent writers are grouped
// by RocksDB itself. A step reads before it writes, so callers of one run exclude each other by a
// striped lock, held until the write is synced: no reader is told of what is not yet durable.
#include <array>
#include <chrono>
#include <mutex>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <rocksdb/write_batch.h>
#include <thread>

#include "bench/data.hpp"
#include "bench/engine.hpp"
#include "bench/record.hpp"

namespace bench {
namespace {

constexpr std::size_t kStripes = 4096;
// The first byte of a key says which tree it would be.
constexpr char kRuns = 'r';
constexpr char kByJourney = 'j';
constexpr char kByProfile = 'p';
constexpr char kByStatus = 's';
constexpr char kByCompleted = 'c';

void check(const rocksdb::Status& status, const char* what) {
  if (!status.ok()) fail(std::string("rocksdb: ") + what + ": " + status.ToString());
}

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

/// A key with its tree's byte in front.
class Key {
 public:
  Key(char tree, std::string_view rest) : size_(rest.size() + 1) {
    bytes_[0] = tree;
    rest.copy(bytes_.data() + 1, rest.size());
  }
  [[nodiscard]] rocksdb::Slice slice() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 64> bytes_;
  std::size_t size_;
};

Key run_key(const Uuid& id) { return {kRuns, bench::view(id)}; }

rocksdb::Options options(const OpenSpec& spec) {
  rocksdb::Options o;
  o.create_if_missing = true;
  o.compression = rocksdb::kNoCompression;
  o.write_buffer_size = spec.keep_log ? (1ull << 30) : (64u << 20);
  o.max_write_buffer_number = 4;
  o.max_background_jobs = 2;
  o.enable_pipelined_write = true;
  o.recycle_log_file_num = spec.keep_log ? 0 : 4;
  o.memtable_whole_key_filtering = true;
  o.memtable_prefix_bloom_size_ratio = 0.02;
  o.bytes_per_sync = 1u << 20;
  o.info_log_level = rocksdb::ERROR_LEVEL;
  o.stats_dump_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(512u << 20);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

class RocksEngine final : public Engine {
 public:
  void open(const OpenSpec& spec) override {
    spec_ = spec;
    rocksdb::DB* db = nullptr;
    check(rocksdb::DB::Open(options(spec), spec.directory, &db), "open");
    db_.reset(db);
    write_.sync = spec.durability == Durability::durable;
  }
  std::unique_ptr<Session> session() override;

  void drain() override {
    check(db_->Flush(rocksdb::FlushOptions()), "flush");
    for (;;) {
      std::uint64_t pending = 0;
      std::uint64_t running = 0;
      db_->GetIntProperty(rocksdb::DB::Properties::kCompactionPending, &pending);
      db_->GetIntProperty(rocksdb::DB::Properties::kNumRunningCompactions, &running);
      if (pending == 0 && running == 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  // Everything in one sorted level, as reads like it best.
  void settle() override {
    check(db_->CompactRange({}, nullptr, nullptr), "compact");
    drain();
  }

  void close() override {
    check(db_->Close(), "close");
    db_.reset();
  }

 private:
  friend class RocksSession;
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_;
  std::array<std::mutex, kStripes> stripes_;
};

class RocksSession final : public Session {
 public:
  explicit RocksSession(RocksEngine& engine) : engine_(engine), db_(*engine.db_) {}

  Answer create(const NewRun& run) override {
    const std::lock_guard lock(stripe(run.run_id));
    rocksdb::PinnableSlice found;
    const rocksdb::Status status =
        db_.Get({}, db_.DefaultColumnFamily(), run_key(run.run_id).slice(), &found);
    if (status.ok()) return Answer::refused;
    if (!status.IsNotFound()) check(status, "get");
    batch_.Clear();
    put_new(run);
    write();
    return Answer::done;
  }

  Answer step(const Uuid& run_id, Step step, std::string_view error) override {
    const std::lock_guard lock(stripe(run_id));
    rocksdb::PinnableSlice found;
    const rocksdb::Status status =
        db_.Get({}, db_.DefaultColumnFamily(), run_key(run_id).slice(), &found);
    if (status.IsNotFound()) return Answer::missing;
    check(status, "get");
    const Record before = decode(run_id, view(found), Verify::yes);
    Record after = before;
    const Answer answer = apply_step(after, step, now_us(), error);
    if (answer != Answer::done) return answer;
    batch_.Clear();
    put_record(run_id, after);
    // Each index key is written once and deleted once, which is what SingleDelete is for.
    batch_.SingleDelete(Key(kByJourney, journey_key(run_id, before).view()).slice());
    batch_.SingleDelete(Key(kByStatus, status_key(run_id, before).view()).slice());
    batch_.Put(Key(kByJourney, journey_key(run_id, after).view()).slice(), {});
    batch_.Put(Key(kByStatus, status_key(run_id, after).view()).slice(), {});
    if (after.completed_us != kNoTime) {
      batch_.Put(Key(kByCompleted, completed_key(run_id, after).view()).slice(), {});
    }
    write();
    return answer;
  }

  void ingest(std::span<const NewRun> runs) override {
    batch_.Clear();
    for (const NewRun& run : runs) put_new(run);
    write();
  }

  std::size_t get_json(const Uuid& run_id, std::span<char> out) override {
    found_.Reset();
    const rocksdb::Status status =
        db_.Get({}, db_.DefaultColumnFamily(), run_key(run_id).slice(), &found_);
    if (status.IsNotFound()) return 0;
    check(status, "get");
    return render(run_id, decode(run_id, view(found_), Verify::yes), out);
  }

  void get_many(std::span<const Uuid> run_ids, Answers& out) override {
    std::vector<Key> keys;
    std::vector<rocksdb::Slice> slices;
    keys.reserve(run_ids.size());
    slices.reserve(run_ids.size());
    for (const Uuid& id : run_ids) slices.push_back(keys.emplace_back(run_key(id)).slice());
    std::vector<rocksdb::PinnableSlice> values(run_ids.size());
    std::vector<rocksdb::Status> statuses(run_ids.size());
    db_.MultiGet({}, db_.DefaultColumnFamily(), slices.size(), slices.data(), values.data(),
                 statuses.data());
    for (std::size_t i = 0; i < run_ids.size(); ++i) {
      if (statuses[i].IsNotFound()) {
        out.add(0);
        continue;
      }
      check(statuses[i], "get many");
      const Record record = decode(run_ids[i], view(values[i]), Verify::yes);
      out.add(render(run_ids[i], record, out.room()));
    }
  }

  bool list_page(const ListQuery& query, Answers& out) override {
    const ListRange range = list_range(query);
    const char tree = query.by == ListBy::profile  ? kByProfile
                      : query.by == ListBy::status ? kByStatus
                                                   : kByJourney;
    const Key from(tree, range.from.view());
    const std::string_view prefix = view(from.slice()).substr(0, 1 + range.prefix);
    const std::unique_ptr<rocksdb::Iterator> it(db_.NewIterator({}));
    std::vector<Uuid> ids;
    for (it->Seek(from.slice()); it->Valid() && ids.size() < query.limit; it->Next()) {
      if (!view(it->key()).starts_with(prefix)) break;
      ids.push_back(run_of_key(view(it->key())));
    }
    check(it->status(), "list");
    get_many(ids, out);
    return true;
  }

 private:
  std::mutex& stripe(const Uuid& id) {
    std::uint64_t low = 0;
    std::memcpy(&low, id.data + 8, sizeof low);
    return engine_.stripes_[mix(low) % kStripes];
  }

  void put_record(const Uuid& run_id, const Record& record) {
    RecordBytes bytes;
    batch_.Put(run_key(run_id).slice(), slice(encode(run_id, record, bytes)));
  }

  void put_new(const NewRun& run) {
    const Record record = make_record(run);
    put_record(run.run_id, record);
    batch_.Put(Key(kByJourney, journey_key(run.run_id, record).view()).slice(), {});
    batch_.Put(Key(kByProfile, profile_key(run.run_id, record).view()).slice(), {});
    batch_.Put(Key(kByStatus, status_key(run.run_id, record).view()).slice(), {});
  }

  void write() { check(db_.Write(engine_.write_, &batch_), "write"); }

  RocksEngine& engine_;
  rocksdb::DB& db_;
  rocksdb::WriteBatch batch_;
  rocksdb::PinnableSlice found_;
};

std::unique_ptr<Session> RocksEngine::session() { return std::make_unique<RocksSession>(*this); }

const Registration kRocks{
    {.name = "rocksdb",
     .version = "RocksDB " + std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) +
                "." + std::to_string(ROCKSDB_PATCH),
     .settings = "WriteBatch with all index keys, its own group commit, pipelined writes, 4 "
                 "recycled logs, 512 MiB block cache, 10-bit Bloom filters, hashed data blocks, "
                 "memtable filter, no compression; sync on, relaxed: off",
     .make = [] { return std::make_unique<RocksEngine>(); }}};

}  // namespace
}  // namespace bench
