// SPDX-License-Identifier: Apache-2.0
//
// SQLite in WAL mode. One connection writes; concurrent callers share its transactions
// (`sqlite`), or take turns with one transaction each (`sqlite_single`). Every caller reads by a
// connection of its own; `sqlite_snapshot` keeps one read transaction open over 1,000 reads, which
// is faster but does not see steps acknowledged meanwhile. `sqlite_off` never syncs.
#include <cstring>
#include <sqlite3.h>

#include "bench/engine.hpp"
#include "bench/group_commit.hpp"
#include "bench/record.hpp"

namespace bench {
namespace {

constexpr int kPageSize = 4096;
constexpr int kCheckpointPages = 10'000;
constexpr std::size_t kGroupMax = 1024;
constexpr unsigned kReadsPerSnapshot = 1000;

struct Variant {
  const char* relaxed = "NORMAL";
  std::size_t group_max = kGroupMax;
  bool snapshot = false;
};

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS runs(
  run_id BLOB PRIMARY KEY, organization_id BLOB NOT NULL, journey_id BLOB NOT NULL,
  profile_id BLOB NOT NULL, status INTEGER NOT NULL, triggered_at INTEGER NOT NULL,
  started_at INTEGER, completed_at INTEGER, token INTEGER NOT NULL DEFAULT 0, error TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_journey ON runs(organization_id, journey_id, status, triggered_at);
CREATE INDEX IF NOT EXISTS by_profile ON runs(organization_id, profile_id, triggered_at);
CREATE INDEX IF NOT EXISTS by_status ON runs(organization_id, status, triggered_at);
CREATE INDEX IF NOT EXISTS by_completed ON runs(organization_id, completed_at)
  WHERE completed_at IS NOT NULL;
)";

class Statement {
 public:
  Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  void prepare(sqlite3* db, const char* sql) {
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) !=
        SQLITE_OK) {
      fail(std::string("sqlite: ") + sqlite3_errmsg(db));
    }
  }
  void bind(int at, const Uuid& id) {
    sqlite3_bind_blob(statement_, at, id.data, sizeof id.data, SQLITE_STATIC);
  }
  void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_, at, value); }
  void bind(int at, std::string_view text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  /// True while there is a row.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
      sqlite3* const db = sqlite3_db_handle(statement_);
      const std::string why = sqlite3_errmsg(db);
      sqlite3_reset(statement_);
      fail("sqlite: " + why);
    }
    return code == SQLITE_ROW;
  }
  void reset() { sqlite3_reset(statement_); }
  void run() {
    step();
    reset();
  }
  [[nodiscard]] std::int64_t number(int column) const {
    return sqlite3_column_int64(statement_, column);
  }
  [[nodiscard]] bool null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }
  [[nodiscard]] std::string_view bytes(int column) const {
    const void* const data = sqlite3_column_blob(statement_, column);
    const int size = sqlite3_column_bytes(statement_, column);
    return {static_cast<const char*>(data), data == nullptr ? 0 : static_cast<std::size_t>(size)};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { sqlite3_close_v2(db_); }

  void open(const std::string& file, const std::string& pragmas) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(file.c_str(), &db_, flags, nullptr) != SQLITE_OK) {
      fail(std::string("sqlite: cannot open: ") + sqlite3_errmsg(db_));
    }
    sqlite3_busy_timeout(db_, 10'000);
    exec(pragmas.c_str());
  }
  void exec(const char* sql) {
    if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      fail(std::string("sqlite: ") + sqlite3_errmsg(db_));
    }
  }
  [[nodiscard]] sqlite3* get() const { return db_; }

 private:
  sqlite3* db_ = nullptr;
};

struct Op {
  std::span<const NewRun> creates{};
  Uuid run_id{};
  Step step = Step::start;
  std::string_view error{};
  Answer answer = Answer::done;
};

std::string pragmas(const OpenSpec& spec, const Variant& variant) {
  const bool durable = spec.durability == Durability::durable;
  // A page cache of 256 MiB for each connection, and the file mapped, so that reads of a cached
  // page cost no system call but those of the WAL's locks.
  return "PRAGMA page_size=" + std::to_string(kPageSize) +
         ";PRAGMA journal_mode=WAL;PRAGMA synchronous=" + (durable ? "FULL" : variant.relaxed) +
         ";PRAGMA wal_autocheckpoint=" + std::to_string(spec.keep_log ? 0 : kCheckpointPages) +
         ";PRAGMA cache_size=-262144;PRAGMA mmap_size=68719476736;PRAGMA temp_store=MEMORY;";
}

class SqliteEngine final : public Engine {
 public:
  explicit SqliteEngine(const Variant& variant)
      : variant_(variant),
        group_(variant.group_max, [this](std::span<Op* const> ops) { commit(ops); }) {}

  void open(const OpenSpec& spec) override {
    spec_ = spec;
    writer_ = std::make_unique<Writer>();
    writer_->connection.open(file(), pragmas(spec, variant_));
    writer_->connection.exec(kSchema);
    writer_->prepare();
  }

  std::unique_ptr<Session> session() override;
  void drain() override { writer_->connection.exec("PRAGMA wal_checkpoint(PASSIVE);"); }
  void close() override { writer_.reset(); }
  void submit(Op& op) { group_.submit(op); }
  [[nodiscard]] std::string file() const { return spec_.directory + "/runs.sqlite"; }
  [[nodiscard]] const OpenSpec& spec() const { return spec_; }
  [[nodiscard]] const Variant& variant() const { return variant_; }

 private:
  struct Writer {
    Connection connection;  // first: statements must go before it does
    Statement begin, commit, rollback, create, start, complete, finish, exists;

    void prepare() {
      sqlite3* const db = connection.get();
      begin.prepare(db, "BEGIN IMMEDIATE");
      commit.prepare(db, "COMMIT");
      rollback.prepare(db, "ROLLBACK");
      create.prepare(db,
                     "INSERT INTO runs(run_id,organization_id,journey_id,profile_id,status,"
                     "triggered_at) VALUES(?1,?2,?3,?4,0,?5) ON CONFLICT DO NOTHING");
      start.prepare(db,
                    "UPDATE runs SET status=1,started_at=max(?2,triggered_at),token=1 "
                    "WHERE run_id=?1 AND status=0");
      complete.prepare(db,
                       "UPDATE runs SET status=2,completed_at=max(?2,started_at) "
                       "WHERE run_id=?1 AND status=1");
      finish.prepare(db,
                     "UPDATE runs SET status=?3,completed_at=max(?2,coalesce(started_at,"
                     "triggered_at)),error=?4 WHERE run_id=?1 AND status IN (0,1)");
      exists.prepare(db, "SELECT 1 FROM runs WHERE run_id=?1");
    }
  };

  void commit(std::span<Op* const> ops) {
    Writer& w = *writer_;
    w.begin.run();
    try {
      for (Op* const op : ops) {
        if (op->creates.empty()) {
          op->answer = move(*op);
        } else {
          for (const NewRun& run : op->creates) op->answer = insert(run);
        }
      }
      w.commit.run();
    } catch (...) {
      try {
        w.rollback.run();
      } catch (const std::exception&) {  // what made the group fail is the better report
      }
      throw;
    }
  }

  Answer insert(const NewRun& run) {
    static constexpr Uuid kNil{};
    Statement& s = writer_->create;
    s.bind(1, run.run_id);
    s.bind(2, kNil);
    s.bind(3, run.journey_id);
    s.bind(4, run.profile_id);
    s.bind(5, run.triggered_us);
    s.run();
    return sqlite3_changes(writer_->connection.get()) == 1 ? Answer::done : Answer::refused;
  }

  Answer move(const Op& op) {
    Writer& w = *writer_;
    Statement& s = op.step == Step::start      ? w.start
                   : op.step == Step::complete ? w.complete
                                               : w.finish;
    s.bind(1, op.run_id);
    s.bind(2, now_us());
    if (&s == &w.finish) {
      s.bind(3, static_cast<std::int64_t>(target(op.step)));
      s.bind(4, op.error);
    }
    s.run();
    if (sqlite3_changes(w.connection.get()) == 1) return Answer::done;
    w.exists.bind(1, op.run_id);
    const bool known = w.exists.step();
    w.exists.reset();
    return known ? Answer::refused : Answer::missing;
  }

  const Variant variant_;
  std::unique_ptr<Writer> writer_;
  GroupCommit<Op> group_;
};

class SqliteSession final : public Session {
 public:
  explicit SqliteSession(SqliteEngine& engine) : engine_(engine) {
    connection_.open(engine.file(), pragmas(engine.spec(), engine.variant()));
    sqlite3* const db = connection_.get();
    get_.prepare(db,
                 "SELECT status,triggered_at,completed_at,error,journey_id,profile_id FROM runs "
                 "WHERE run_id=?1");
    prepare_questions(db);
    begin_.prepare(db, "BEGIN");
    commit_.prepare(db, "COMMIT");
  }

  Answer create(const NewRun& run) override {
    Op op{.creates = {&run, 1}};
    engine_.submit(op);
    return op.answer;
  }

  Answer step(const Uuid& run_id, Step step, std::string_view error) override {
    Op op{.run_id = run_id, .step = step, .error = error};
    engine_.submit(op);
    return op.answer;
  }

  void ingest(std::span<const NewRun> runs) override {
    Op op{.creates = runs};
    engine_.submit(op);
  }

  std::size_t get_json(const Uuid& run_id, std::span<char> out) override {
    get_.bind(1, run_id);
    std::size_t size = 0;
    if (get_.step()) {
      Record record;
      record.status = static_cast<RunStatus>(get_.number(0));
      record.triggered_us = get_.number(1);
      if (!get_.null(2)) record.completed_us = get_.number(2);
      record.error = get_.bytes(3);
      record.journey_id = uuid_from(get_.bytes(4));
      record.profile_id = uuid_from(get_.bytes(5));
      size = render(run_id, record, out);
    }
    get_.reset();
    return size;
  }

  std::size_t read(const Uuid& run_id, std::span<char> out) override {
    if (engine_.variant().snapshot && reads_++ % kReadsPerSnapshot == 0) {
      if (reads_ > 1) commit_.run();
      begin_.run();
    }
    return get_json(run_id, out);
  }

  void get_many(std::span<const Uuid> run_ids, Answers& out) override {
    begin_.run();
    for (const Uuid& id : run_ids) out.add(get_json(id, out.room()));
    commit_.run();
  }

  bool list_page(const ListQuery& query, Answers& out) override {
    Statement& list = query.by == ListBy::profile  ? by_profile_
                      : query.by == ListBy::status ? by_status_
                                                   : by_journey_;
    begin_.run();
    list.bind(1, query.after_us);
    list.bind(2, query.after_run);
    list.bind(3, static_cast<std::int64_t>(query.limit));
    if (query.by != ListBy::status) list.bind(4, query.id);
    if (query.by != ListBy::profile) list.bind(5, static_cast<std::int64_t>(query.status));
    while (list.step()) out.add(get_json(uuid_from(list.bytes(0)), out.room()));
    list.reset();
    commit_.run();
    return true;
  }

  bool count(const Uuid* journey_id, Counts& out) override {
    Statement& count = journey_id == nullptr ? count_all_ : count_;
    if (journey_id != nullptr) count.bind(1, *journey_id);
    out.fill(0);
    while (count.step()) {
      out.at(static_cast<std::size_t>(count.number(0))) =
          static_cast<std::uint64_t>(count.number(1));
    }
    count.reset();
    return true;
  }

 private:
  void prepare_questions(sqlite3* db) {
    constexpr const char* kEnd =
        " AND (triggered_at,run_id)>(?1,?2) ORDER BY triggered_at,run_id LIMIT ?3";
    const std::string list = "SELECT run_id FROM runs WHERE organization_id=zeroblob(16)";
    by_journey_.prepare(db, (list + " AND journey_id=?4 AND status=?5" + kEnd).c_str());
    by_profile_.prepare(db, (list + " AND profile_id=?4" + kEnd).c_str());
    by_status_.prepare(db, (list + " AND status=?5" + kEnd).c_str());
    const std::string count = "SELECT status,count(*) FROM runs WHERE organization_id=zeroblob(16)";
    count_.prepare(db, (count + " AND journey_id=?1 GROUP BY status").c_str());
    count_all_.prepare(db, (count + " GROUP BY status").c_str());
  }

  SqliteEngine& engine_;
  Connection connection_;
  Statement get_, by_journey_, by_profile_, by_status_, count_, count_all_, begin_, commit_;
  std::uint64_t reads_ = 0;
};

std::unique_ptr<Session> SqliteEngine::session() { return std::make_unique<SqliteSession>(*this); }

EngineInfo variant(const char* name, const char* settings, const Variant& v) {
  EngineInfo info;
  info.name = name;
  info.version = std::string("SQLite ") + sqlite3_libversion();
  info.settings = settings;
  info.make = [v] { return std::make_unique<SqliteEngine>(v); };
  info.counts = true;
  return info;
}

EngineInfo grouped() {
  EngineInfo info = variant(
      "sqlite",
      "WAL, WITHOUT ROWID, four indexes, prepared statements, 4 KiB pages, checkpoint every 10,000 "
      "pages, 256 MiB cache, mapped file; callers share transactions; synchronous FULL, relaxed: "
      "NORMAL",
      {});
  info.helped = true;
  return info;
}

EngineInfo single() {
  EngineInfo info = variant("sqlite_single", "as sqlite, one transaction a step behind a mutex",
                            {.group_max = 1});
  info.only = {"lifecycle"};
  return info;
}

EngineInfo snapshot() {
  EngineInfo info = variant(
      "sqlite_snapshot", "as sqlite, one read transaction over 1,000 reads: blind to newer steps",
      {.snapshot = true});
  info.only = {"get", "get_recent"};
  return info;
}

EngineInfo off() {
  EngineInfo info =
      variant("sqlite_off", "as sqlite with synchronous OFF: a power cut may damage the whole file",
              {.relaxed = "OFF"});
  info.unsafe = true;
  info.durable = false;
  info.only = {"lifecycle"};
  return info;
}

const Registration kGrouped{grouped()};
const Registration kSingle{single()};
const Registration kSnapshot{snapshot()};
const Registration kOff{off()};

}  // namespace
}  // namespace bench
