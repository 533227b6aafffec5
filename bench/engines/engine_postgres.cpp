// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL over a unix socket: one connection a caller, prepared statements, binary parameters
// and results, COPY for batches. Concurrent commits are grouped by the server. Relaxed is
// synchronous_commit off, which loses a suffix and never damages the store.
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <endian.h>
#include <filesystem>
#include <fstream>
#include <libpq-fe.h>
#include <map>
#include <signal.h>
#include <sys/stat.h>
#include <thread>

#include "bench/engine.hpp"
#include "bench/record.hpp"
#include "bench/server_process.hpp"

namespace bench {
namespace {

using Result = std::unique_ptr<PGresult, void (*)(PGresult*)>;
constexpr int kUuidOid = 2950;

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS runs(
  run_id uuid PRIMARY KEY, organization_id uuid NOT NULL, journey_id uuid NOT NULL,
  profile_id uuid NOT NULL, status smallint NOT NULL, triggered_at bigint NOT NULL,
  started_at bigint, completed_at bigint, token bigint NOT NULL DEFAULT 0, error text);
CREATE INDEX IF NOT EXISTS by_journey
  ON runs(organization_id,journey_id,status,triggered_at,run_id);
CREATE INDEX IF NOT EXISTS by_profile ON runs(organization_id,profile_id,triggered_at,run_id);
CREATE INDEX IF NOT EXISTS by_status ON runs(organization_id,status,triggered_at,run_id);
CREATE INDEX IF NOT EXISTS by_completed ON runs(organization_id,completed_at,run_id)
  WHERE completed_at IS NOT NULL;
)";

/// Names and texts of the statements that every session prepares.
std::vector<std::pair<const char*, std::string>> statements() {
  const std::string columns =
      "SELECT run_id,journey_id,profile_id,status,triggered_at,completed_at,error FROM runs ";
  const std::string ours = "WHERE organization_id='00000000-0000-0000-0000-000000000000' ";
  const std::string list = columns + ours + "AND (triggered_at,run_id)>($1::bigint,$2::uuid) ";
  const std::string list_end = " ORDER BY triggered_at,run_id LIMIT $3::bigint";
  const std::string count = "SELECT status,count(*) FROM runs " + ours;
  return {{"create",
           "INSERT INTO runs(run_id,organization_id,journey_id,profile_id,status,triggered_at) "
           "VALUES($1::uuid,'00000000-0000-0000-0000-000000000000',$2::uuid,$3::uuid,0,$4::bigint) "
           "ON CONFLICT DO NOTHING"},
          {"start",
           "UPDATE runs SET status=1,started_at=greatest($2::bigint,triggered_at),token=1 "
           "WHERE run_id=$1::uuid AND status=0"},
          {"complete",
           "UPDATE runs SET status=2,completed_at=greatest($2::bigint,started_at) "
           "WHERE run_id=$1::uuid AND status=1"},
          {"finish",
           "UPDATE runs SET status=$3::smallint,completed_at=greatest($2::bigint,started_at,"
           "triggered_at),error=$4::text WHERE run_id=$1::uuid AND status IN (0,1)"},
          {"get", columns + "WHERE run_id=ANY($1::uuid[])"},
          {"get_one", columns + "WHERE run_id=$1::uuid"},
          {"by_journey", list + "AND journey_id=$4::uuid AND status=$5::smallint" + list_end},
          {"by_profile", list + "AND profile_id=$4::uuid" + list_end},
          {"by_status", list + "AND status=$4::smallint" + list_end},
          {"count", count + "AND journey_id=$1::uuid GROUP BY status"},
          {"count_all", count + "GROUP BY status"}};
}

std::string programs() {
  namespace fs = std::filesystem;
  std::string best;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ec)) {
    const std::string bin = entry.path().string() + "/bin";
    if (fs::exists(bin + "/postgres", ec)) best = std::max(best, bin);
  }
  if (best.empty()) fail("postgres: no server below /usr/lib/postgresql; install postgresql");
  return best;
}

/// Binary parameters of one statement.
class Params {
 public:
  Params& add(const Uuid& id) { return raw(view(id)); }
  Params& add(std::int64_t value) {
    const std::uint64_t big = htobe64(static_cast<std::uint64_t>(value));
    return raw({reinterpret_cast<const char*>(&big), sizeof big});
  }
  Params& add_small(int value) {
    const std::uint16_t big = htons(static_cast<std::uint16_t>(value));
    return raw({reinterpret_cast<const char*>(&big), sizeof big});
  }
  Params& raw(std::string_view bytes) {
    begins_.push_back(bytes_.size());
    sizes_.push_back(static_cast<int>(bytes.size()));
    bytes_.append(bytes);
    bytes_.push_back('\0');
    return *this;
  }
  Params& null() {
    begins_.push_back(std::string::npos);
    sizes_.push_back(0);
    return *this;
  }
  [[nodiscard]] PGresult* execute(PGconn* connection, const char* statement) const {
    std::array<const char*, 8> values{};
    std::array<int, 8> formats{};
    formats.fill(1);
    for (std::size_t i = 0; i < begins_.size(); ++i) {
      values[i] = begins_[i] == std::string::npos ? nullptr : bytes_.data() + begins_[i];
    }
    return PQexecPrepared(connection, statement, static_cast<int>(begins_.size()), values.data(),
                          sizes_.data(), formats.data(), 1);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> begins_;
  std::vector<int> sizes_;
};

class Connection {
 public:
  explicit Connection(const std::string& directory)
      : connection_(PQconnectdb(("host=" + directory + " dbname=postgres user=bench").c_str()),
                    PQfinish) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) fail(PQerrorMessage(connection_.get()));
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
  }
  [[nodiscard]] PGconn* get() const { return connection_.get(); }
  [[nodiscard]] Result checked(PGresult* raw) const {
    Result result(raw, PQclear);
    const ExecStatusType status = PQresultStatus(raw);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
      fail(std::string("postgres: ") + PQerrorMessage(get()));
    }
    return result;
  }
  void exec(const char* sql) const { (void)checked(PQexec(get(), sql)); }
  void prepare(const char* name, const char* sql) const {
    (void)checked(PQprepare(get(), name, sql, 0, nullptr));
  }

 private:
  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

class PostgresEngine final : public Engine {
 public:
  void open(const OpenSpec& spec) override {
    spec_ = spec;
    give_to_server_user(spec.directory);
    const std::string bin = programs();
    if (!std::filesystem::exists(data() + "/PG_VERSION")) {
      run_as_server_user({bin + "/initdb", "-D", data(), "-U", "bench", "-A", "trust", "-E", "UTF8",
                          "--locale=C", "--no-sync"},
                         spec.directory);
    }
    write_settings();
    // SIGQUIT makes the postmaster take its children with it.
    server_.start({bin + "/postgres", "-D", data(), "-k", spec.directory}, spec.directory,
                  spec.directory + "/server.log", SIGQUIT);
    await_ready();
    Connection(spec.directory).exec(kSchema);
  }

  std::unique_ptr<Session> session() override;
  void drain() override { Connection(spec_.directory).exec("CHECKPOINT"); }
  // Statistics for the planner, and the visibility map, without which no scan is index-only.
  void settle() override {
    Connection(spec_.directory).exec("VACUUM (ANALYZE) runs");
    drain();
  }
  void close() override { server_.stop(SIGINT, 60); }
  void crash() override { server_.kill_tree(); }
  std::uint64_t server_memory() override { return server_.memory(); }
  [[nodiscard]] const std::string& directory() const { return spec_.directory; }

 private:
  [[nodiscard]] std::string data() const { return spec_.directory + "/data"; }

  void write_settings() {
    const bool durable = spec_.durability == Durability::durable;
    std::ofstream out(data() + "/postgresql.auto.conf");
    out << "listen_addresses = ''\nmax_connections = 160\nshared_buffers = '1GB'\n"
        << "synchronous_commit = " << (durable ? "on" : "off") << "\n"
        << "wal_level = minimal\nmax_wal_senders = 0\nwal_buffers = '64MB'\n"
        << "max_wal_size = '8GB'\nmin_wal_size = '1GB'\ncheckpoint_timeout = '30min'\n"
        << "wal_compression = off\nrandom_page_cost = 1.1\njit = off\n"
        << "max_parallel_workers_per_gather = 0\nlog_min_messages = fatal\n";
    if (!out.flush()) fail("postgres: cannot write its settings");
  }

  void await_ready() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    while (std::chrono::steady_clock::now() < deadline) {
      server_.check_running();
      const std::string where = "host=" + spec_.directory + " dbname=postgres user=bench";
      if (PQping(where.c_str()) == PQPING_OK) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    fail("postgres: not ready after five minutes");
  }

  ServerProcess server_;
};

template <typename T>
T big_endian(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  if constexpr (sizeof value == 2)
    return static_cast<T>(be16toh(static_cast<std::uint16_t>(value)));
  return static_cast<T>(be64toh(static_cast<std::uint64_t>(value)));
}

class PostgresSession final : public Session {
 public:
  explicit PostgresSession(PostgresEngine& engine) : connection_(engine.directory()) {
    for (const auto& [name, sql] : statements()) connection_.prepare(name, sql.c_str());
  }

  Answer create(const NewRun& run) override {
    const Params params =
        Params().add(run.run_id).add(run.journey_id).add(run.profile_id).add(run.triggered_us);
    return changed(params, "create") ? Answer::done : Answer::refused;
  }

  Answer step(const Uuid& run_id, Step step, std::string_view error) override {
    Params params;
    params.add(run_id).add(now_us());
    const char* statement = step == Step::start ? "start" : "complete";
    if (step == Step::fail || step == Step::exit) {
      statement = "finish";
      params.add_small(static_cast<int>(target(step)));
      if (step == Step::fail) {
        params.raw(error);
      } else {
        params.null();
      }
    }
    if (changed(params, statement)) return Answer::done;
    return PQntuples(one(run_id).get()) == 1 ? Answer::refused : Answer::missing;
  }

  void ingest(std::span<const NewRun> runs) override {
    const auto begun = connection_.checked(PQexec(
        connection_.get(),
        "COPY runs(run_id,organization_id,journey_id,profile_id,status,triggered_at) FROM STDIN "
        "(FORMAT binary)"));
    copy_.assign("PGCOPY\n\377\r\n\0", 11);
    copy_.append(8, '\0');
    for (const NewRun& run : runs) add_row(run);
    add_number<std::int16_t>(-1);
    if (PQputCopyData(connection_.get(), copy_.data(), static_cast<int>(copy_.size())) != 1 ||
        PQputCopyEnd(connection_.get(), nullptr) != 1) {
      fail(std::string("postgres: COPY: ") + PQerrorMessage(connection_.get()));
    }
    while (PGresult* const raw = PQgetResult(connection_.get())) (void)connection_.checked(raw);
  }

  std::size_t get_json(const Uuid& run_id, std::span<char> out) override {
    const Result result = one(run_id);
    return PQntuples(result.get()) == 0 ? 0 : answer(*result, 0, out);
  }

  void get_many(std::span<const Uuid> run_ids, Answers& out) override {
    const Result result =
        connection_.checked(Params().raw(uuid_array(run_ids)).execute(connection_.get(), "get"));
    std::map<Uuid, int> rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      rows.emplace(uuid_from({PQgetvalue(result.get(), row, 0), 16}), row);
    }
    for (const Uuid& id : run_ids) {
      const auto found = rows.find(id);
      out.add(found == rows.end() ? 0 : answer(*result, found->second, out.room()));
    }
  }

  bool list_page(const ListQuery& query, Answers& out) override {
    Params params;
    params.add(query.after_us).add(query.after_run).add(static_cast<std::int64_t>(query.limit));
    if (query.by != ListBy::status) params.add(query.id);
    if (query.by != ListBy::profile) params.add_small(static_cast<int>(query.status));
    const char* const statement = query.by == ListBy::profile  ? "by_profile"
                                  : query.by == ListBy::status ? "by_status"
                                                               : "by_journey";
    const Result result = connection_.checked(params.execute(connection_.get(), statement));
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      out.add(answer(*result, row, out.room()));
    }
    return true;
  }

  bool count(const Uuid* journey_id, Counts& out) override {
    Params params;
    if (journey_id != nullptr) params.add(*journey_id);
    const Result result = connection_.checked(
        params.execute(connection_.get(), journey_id == nullptr ? "count_all" : "count"));
    out.fill(0);
    for (int row = 0; row < PQntuples(result.get()); ++row) {
      const auto status = big_endian<std::int16_t>(PQgetvalue(result.get(), row, 0));
      out.at(static_cast<std::size_t>(status)) =
          static_cast<std::uint64_t>(big_endian<std::int64_t>(PQgetvalue(result.get(), row, 1)));
    }
    return true;
  }

 private:
  bool changed(const Params& params, const char* statement) {
    const Result result = connection_.checked(params.execute(connection_.get(), statement));
    return std::strcmp(PQcmdTuples(result.get()), "1") == 0;
  }

  Result one(const Uuid& run_id) {
    return connection_.checked(Params().add(run_id).execute(connection_.get(), "get_one"));
  }

  template <typename T>
  void add_number(T value) {
    for (int shift = 8 * static_cast<int>(sizeof value) - 8; shift >= 0; shift -= 8) {
      copy_.push_back(static_cast<char>((static_cast<std::uint64_t>(value) >> shift) & 0xFF));
    }
  }
  void add_id(const Uuid& id) {
    add_number<std::int32_t>(16);
    copy_.append(view(id));
  }
  void add_row(const NewRun& run) {
    add_number<std::int16_t>(6);
    add_id(run.run_id);
    add_id(Uuid{});
    add_id(run.journey_id);
    add_id(run.profile_id);
    add_number<std::int32_t>(2);
    add_number<std::int16_t>(0);
    add_number<std::int32_t>(8);
    add_number<std::int64_t>(run.triggered_us);
  }

  static std::string uuid_array(std::span<const Uuid> ids) {
    std::string bytes;
    const auto number = [&](std::uint32_t value) {
      const std::uint32_t big = htonl(value);
      bytes.append(reinterpret_cast<const char*>(&big), sizeof big);
    };
    // Dimensions, no nulls, element type, then size and lower bound of the one dimension.
    for (const std::uint32_t value : {1u, 0u, static_cast<std::uint32_t>(kUuidOid),
                                      static_cast<std::uint32_t>(ids.size()), 1u}) {
      number(value);
    }
    for (const Uuid& id : ids) {
      number(16);
      bytes.append(view(id));
    }
    return bytes;
  }

  static std::size_t answer(const PGresult& result, int row, std::span<char> out) {
    const auto field = [&](int column) { return PQgetvalue(&result, row, column); };
    Record record;
    record.journey_id = uuid_from({field(1), 16});
    record.profile_id = uuid_from({field(2), 16});
    record.status = static_cast<RunStatus>(big_endian<std::int16_t>(field(3)));
    record.triggered_us = big_endian<std::int64_t>(field(4));
    if (PQgetisnull(&result, row, 5) == 0) record.completed_us = big_endian<std::int64_t>(field(5));
    record.error = {field(6), static_cast<std::size_t>(PQgetlength(&result, row, 6))};
    return render(uuid_from({field(0), 16}), record, out);
  }

  Connection connection_;
  std::string copy_;
};

std::unique_ptr<Session> PostgresEngine::session() {
  return std::make_unique<PostgresSession>(*this);
}

// `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`
std::string installed_version() {
  const std::string command = programs() + "/postgres --version";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  char line[256] = "";
  if (!pipe || std::fgets(line, sizeof line, pipe.get()) == nullptr) return "PostgreSQL";
  const std::string_view text(line);
  const std::size_t at = text.find(") ");
  if (at == std::string_view::npos) return "PostgreSQL";
  return "PostgreSQL " +
         std::string(text.substr(at + 2, text.find_first_of(" \n", at + 2) - at - 2));
}

const Registration kPostgres{
    {.name = "postgres",
     .version = "PostgreSQL 15",
     .settings = "unix socket, prepared statements, binary format, COPY for batches, four "
                 "indexes, 1 GiB shared buffers, 8 GiB of log between checkpoints, wal_level "
                 "minimal; synchronous_commit on, relaxed: off",
     .make = [] { return std::make_unique<PostgresEngine>(); },
     .counts = true,
     .ask_version = installed_version}};

}  // namespace
}  // namespace bench
