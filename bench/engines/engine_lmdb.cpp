// SPDX-License-Identifier: Apache-2.0
//
// LMDB, twice: `lmdb` keeps the record and the same indexes as ours, checks checksums and
// renders the answer, which is what one would build on LMDB by hand; `lmdb_raw` keeps the record
// under the same key and nothing else, and its timed read only copies the record out: the floor.
// Concurrent writers share a commit, which LMDB itself does not offer. `lmdb_nosync` never syncs.
#include <algorithm>
#include <array>
#include <cstring>
#include <lmdb.h>
#include <mutex>
#include <optional>

#include "bench/engine.hpp"
#include "bench/group_commit.hpp"
#include "bench/record.hpp"

namespace bench {
namespace {

constexpr std::size_t kMapSize = 128ull << 30;
constexpr unsigned kReaders = 256;
constexpr std::size_t kGroupMax = 1024;

enum class Shape { raw, trees };

void check(int code, const char* what) {
  if (code != MDB_SUCCESS) fail(std::string("lmdb: ") + what + ": " + mdb_strerror(code));
}

MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

struct Op {
  const NewRun* create = nullptr;
  std::span<const NewRun> batch{};
  Uuid run_id{};
  Step step = Step::start;
  std::string_view error{};
  Answer answer = Answer::done;
};

class LmdbEngine final : public Engine {
 public:
  LmdbEngine(Shape shape, unsigned relaxed_flags)
      : shape_(shape),
        relaxed_flags_(relaxed_flags),
        group_(kGroupMax, [this](std::span<Op* const> ops) { commit(ops); }) {}
  ~LmdbEngine() override {
    if (env_ != nullptr) mdb_env_close(env_);
  }

  void open(const OpenSpec& spec) override {
    spec_ = spec;
    check(mdb_env_create(&env_), "create");
    check(mdb_env_set_mapsize(env_, kMapSize), "set the map's size");
    check(mdb_env_set_maxreaders(env_, kReaders), "set the readers");
    check(mdb_env_set_maxdbs(env_, 8), "set the trees");
    const unsigned mode = spec.durability == Durability::relaxed ? relaxed_flags_ : 0u;
    check(mdb_env_open(env_, spec.directory.c_str(), MDB_NOTLS | mode, 0644), "open");
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &txn), "begin");
    check(mdb_dbi_open(txn, "runs", MDB_CREATE, &runs_), "open a tree");
    if (shape_ == Shape::trees) {
      check(mdb_dbi_open(txn, "by_journey", MDB_CREATE, &by_journey_), "open a tree");
      check(mdb_dbi_open(txn, "by_profile", MDB_CREATE, &by_profile_), "open a tree");
      check(mdb_dbi_open(txn, "by_status", MDB_CREATE, &by_status_), "open a tree");
      check(mdb_dbi_open(txn, "by_completed", MDB_CREATE, &by_completed_), "open a tree");
    }
    check(mdb_txn_commit(txn), "commit");
  }

  std::unique_ptr<Session> session() override;
  void drain() override { check(mdb_env_sync(env_, 1), "sync"); }
  void close() override {
    mdb_env_close(env_);
    env_ = nullptr;
  }

  void submit(Op& op) { group_.submit(op); }

 private:
  friend class LmdbSession;

  void commit(std::span<Op* const> ops) {
    MDB_txn* txn = nullptr;
    check(mdb_txn_begin(env_, nullptr, 0, &txn), "begin a write");
    try {
      for (Op* const op : ops) run(txn, *op);
    } catch (...) {
      mdb_txn_abort(txn);
      throw;
    }
    check(mdb_txn_commit(txn), "commit");
  }

  void run(MDB_txn* txn, Op& op) {
    if (!op.batch.empty()) {
      insert_sorted(txn, op.batch);
    } else if (op.create != nullptr) {
      op.answer = insert(txn, *op.create);
    } else {
      op.answer = move(txn, op);
    }
  }

  void put(MDB_txn* txn, MDB_dbi tree, std::string_view key, std::string_view value) {
    MDB_val k = val(key);
    MDB_val v = val(value);
    check(mdb_put(txn, tree, &k, &v, 0), "put");
  }

  void remove(MDB_txn* txn, MDB_dbi tree, std::string_view key) {
    MDB_val k = val(key);
    check(mdb_del(txn, tree, &k, nullptr), "delete from an index");
  }

  Answer insert(MDB_txn* txn, const NewRun& run) {
    RecordBytes bytes;
    const Record record = make_record(run);
    MDB_val k = val(bench::view(run.run_id));
    MDB_val v = val(encode(run.run_id, record, bytes));
    const int code = mdb_put(txn, runs_, &k, &v, MDB_NOOVERWRITE);
    if (code == MDB_KEYEXIST) return Answer::refused;
    check(code, "put");
    if (shape_ == Shape::trees) {
      put(txn, by_journey_, journey_key(run.run_id, record).view(), {});
      put(txn, by_profile_, profile_key(run.run_id, record).view(), {});
      put(txn, by_status_, status_key(run.run_id, record).view(), {});
    }
    return Answer::done;
  }

  // Keys of one tree in order touch each page once: the cheapest way LMDB has.
  void insert_sorted(MDB_txn* txn, std::span<const NewRun> runs) {
    std::vector<const NewRun*> order;
    order.reserve(runs.size());
    for (const NewRun& run : runs) order.push_back(&run);
    std::sort(order.begin(), order.end(),
              [](const NewRun* a, const NewRun* b) { return a->run_id < b->run_id; });
    RecordBytes bytes;
    for (const NewRun* const run : order) {
      put(txn, runs_, bench::view(run->run_id), encode(run->run_id, make_record(*run), bytes));
    }
    if (shape_ == Shape::raw) return;
    insert_index(txn, by_journey_, runs, journey_key);
    insert_index(txn, by_profile_, runs, profile_key);
    insert_index(txn, by_status_, runs, status_key);
  }

  void insert_index(MDB_txn* txn, MDB_dbi tree, std::span<const NewRun> runs,
                    IndexKey (*make)(const Uuid&, const Record&)) {
    std::vector<IndexKey> keys;
    keys.reserve(runs.size());
    for (const NewRun& run : runs) keys.push_back(make(run.run_id, make_record(run)));
    std::sort(keys.begin(), keys.end(),
              [](const IndexKey& a, const IndexKey& b) { return a.view() < b.view(); });
    for (const IndexKey& key : keys) put(txn, tree, key.view(), {});
  }

  Answer move(MDB_txn* txn, const Op& op) {
    MDB_val k = val(bench::view(op.run_id));
    MDB_val v{};
    const int code = mdb_get(txn, runs_, &k, &v);
    if (code == MDB_NOTFOUND) return Answer::missing;
    check(code, "get");
    const Record before = decode(op.run_id, view(v), Verify::yes);
    Record after = before;
    const Answer answer = apply_step(after, op.step, now_us(), op.error);
    if (answer != Answer::done) return answer;
    if (shape_ == Shape::trees) {
      remove(txn, by_journey_, journey_key(op.run_id, before).view());
      remove(txn, by_status_, status_key(op.run_id, before).view());
      put(txn, by_journey_, journey_key(op.run_id, after).view(), {});
      put(txn, by_status_, status_key(op.run_id, after).view(), {});
      if (after.completed_us != kNoTime) {
        put(txn, by_completed_, completed_key(op.run_id, after).view(), {});
      }
    }
    RecordBytes bytes;
    put(txn, runs_, bench::view(op.run_id), encode(op.run_id, after, bytes));
    return answer;
  }

  const Shape shape_;
  const unsigned relaxed_flags_;
  MDB_env* env_ = nullptr;
  MDB_dbi runs_ = 0;
  MDB_dbi by_journey_ = 0;
  MDB_dbi by_profile_ = 0;
  MDB_dbi by_status_ = 0;
  MDB_dbi by_completed_ = 0;
  GroupCommit<Op> group_;
};

class LmdbSession final : public Session {
 public:
  explicit LmdbSession(LmdbEngine& engine) : engine_(engine) {
    check(mdb_txn_begin(engine.env_, nullptr, MDB_RDONLY, &txn_), "begin a read");
    mdb_txn_reset(txn_);
  }
  ~LmdbSession() override { mdb_txn_abort(txn_); }

  Answer create(const NewRun& run) override {
    Op op{.create = &run};
    engine_.submit(op);
    return op.answer;
  }

  Answer step(const Uuid& run_id, Step step, std::string_view error) override {
    Op op{.run_id = run_id, .step = step, .error = error};
    engine_.submit(op);
    return op.answer;
  }

  void ingest(std::span<const NewRun> runs) override {
    Op op{.batch = runs};
    engine_.submit(op);
  }

  std::size_t get_json(const Uuid& run_id, std::span<char> out) override {
    check(mdb_txn_renew(txn_), "renew a read");
    const std::size_t size = get_in_txn(run_id, out);
    mdb_txn_reset(txn_);
    return size;
  }

  std::size_t read(const Uuid& run_id, std::span<char> out) override {
    if (engine_.shape_ == Shape::trees) return get_json(run_id, out);
    check(mdb_txn_renew(txn_), "renew a read");
    MDB_val k = val(bench::view(run_id));
    MDB_val v{};
    const int code = mdb_get(txn_, engine_.runs_, &k, &v);
    if (code == MDB_SUCCESS) std::memcpy(out.data(), v.mv_data, v.mv_size);
    mdb_txn_reset(txn_);
    return code == MDB_SUCCESS ? v.mv_size : 0;
  }

  void get_many(std::span<const Uuid> run_ids, Answers& out) override {
    check(mdb_txn_renew(txn_), "renew a read");
    for (const Uuid& id : run_ids) out.add(get_in_txn(id, out.room()));
    mdb_txn_reset(txn_);
  }

  bool list_page(const ListQuery& query, Answers& out) override {
    if (engine_.shape_ == Shape::raw) return false;
    check(mdb_txn_renew(txn_), "renew a read");
    MDB_cursor* cursor = nullptr;
    const MDB_dbi tree = query.by == ListBy::profile  ? engine_.by_profile_
                         : query.by == ListBy::status ? engine_.by_status_
                                                      : engine_.by_journey_;
    check(mdb_cursor_open(txn_, tree, &cursor), "open a cursor");
    const ListRange range = list_range(query);
    const std::string_view prefix = range.from.view().substr(0, range.prefix);
    MDB_val k = val(range.from.view());
    MDB_val v{};
    int code = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    while (code == MDB_SUCCESS && out.size() < query.limit && view(k).starts_with(prefix)) {
      out.add(get_in_txn(run_of_key(view(k)), out.room()));
      code = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    mdb_txn_reset(txn_);
    return true;
  }

 private:
  std::size_t get_in_txn(const Uuid& run_id, std::span<char> out) {
    MDB_val k = val(bench::view(run_id));
    MDB_val v{};
    const int code = mdb_get(txn_, engine_.runs_, &k, &v);
    if (code == MDB_NOTFOUND) return 0;
    check(code, "get");
    return render(run_id, decode(run_id, view(v), Verify::yes), out);
  }

  LmdbEngine& engine_;
  MDB_txn* txn_ = nullptr;
};

std::unique_ptr<Session> LmdbEngine::session() { return std::make_unique<LmdbSession>(*this); }

std::string version() {
  int major = 0;
  int minor = 0;
  int patch = 0;
  mdb_version(&major, &minor, &patch);
  return "LMDB " + std::to_string(major) + "." + std::to_string(minor) + "." +
         std::to_string(patch);
}

const Registration kTrees{
    {.name = "lmdb",
     .version = version(),
     .settings = "four index trees; leader/follower group commit of the harness; batches sorted "
                 "tree by tree; pooled, renewed read transactions; NOTLS; relaxed: NOMETASYNC",
     .make = [] { return std::make_unique<LmdbEngine>(Shape::trees, MDB_NOMETASYNC); },
     .helped = true}};
const Registration kNoSync{
    {.name = "lmdb_nosync",
     .version = version(),
     .settings = "as lmdb with NOSYNC: a power cut may damage the whole file",
     .make = [] { return std::make_unique<LmdbEngine>(Shape::trees, MDB_NOSYNC); },
     .unsafe = true,
     .durable = false,
     .only = {"lifecycle"}}};
const Registration kRaw{
    {.name = "lmdb_raw",
     .version = version(),
     .settings = "the record under its key and no index; a timed read renews a transaction, looks "
                 "up and copies the record, without checksum or JSON",
     .make = [] { return std::make_unique<LmdbEngine>(Shape::raw, MDB_NOMETASYNC); },
     .floor = true,
     .only = {"get", "get_recent", "lifecycle", "ingest_v7", "ingest_v4"}}};

}  // namespace
}  // namespace bench
