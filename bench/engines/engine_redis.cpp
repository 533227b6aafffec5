// SPDX-License-Identifier: Apache-2.0
//
// Redis 7 over a unix socket. The record is a string under the run's id; the indexes are sorted
// sets by triggeredAt. A step is one round trip: a script on the server checks the state, patches
// the record and moves the index entries, so records here carry no checksum. A batch is one MULTI
// with variadic commands. Append-only file: fsync always, relaxed: everysec.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <hiredis/hiredis.h>
#include <map>
#include <memory>
#include <signal.h>
#include <thread>

#include "bench/engine.hpp"
#include "bench/record.hpp"
#include "bench/server_process.hpp"

namespace bench {
namespace {

using Reply = std::unique_ptr<redisReply, void (*)(void*)>;
using Args = std::vector<std::string_view>;

// Offsets are Lua's, from 1: status 2, started 17, completed 25, token 33, journey 57.
// KEYS[1] the record; ARGV: now, target status, error, the sets' name prefixes are fixed.
constexpr std::string_view kStepScript = R"(
local r = redis.call('GET', KEYS[1])
if not r then return -1 end
local from, to = string.byte(r, 2), tonumber(ARGV[2])
if to == 1 then if from ~= 0 then return 0 end
elseif to == 2 then if from ~= 1 then return 0 end
elseif from > 1 then return 0 end
local triggered = struct.unpack('<l', string.sub(r, 9, 16))
local now = math.max(tonumber(ARGV[1]), triggered)
if from == 1 then now = math.max(now, (struct.unpack('<l', string.sub(r, 17, 24)))) end
local times
if to == 1 then times = struct.pack('<l', now) .. string.sub(r, 25, 32) .. struct.pack('<l', 1)
else times = string.sub(r, 17, 24) .. struct.pack('<l', now) .. string.sub(r, 33, 40) end
local error = to == 3 and ARGV[3] or ''
redis.call('SET', KEYS[1], string.sub(r, 1, 1) .. string.char(to) .. struct.pack('<H', #error) ..
  string.sub(r, 5, 16) .. times .. string.sub(r, 41, 96) .. error)
local run, journey = string.sub(KEYS[1], 2), string.sub(r, 57, 72)
redis.call('ZREM', 'j' .. journey .. string.char(from), run)
redis.call('ZADD', 'j' .. journey .. string.char(to), triggered, run)
redis.call('ZREM', 's' .. string.char(from), run)
redis.call('ZADD', 's' .. string.char(to), triggered, run)
if to > 1 then redis.call('ZADD', 'c', now, run) end
return 1
)";

constexpr std::string_view kCreateScript = R"(
if not redis.call('SET', KEYS[1], ARGV[1], 'NX') then return 0 end
local run = string.sub(KEYS[1], 2)
redis.call('ZADD', 'j' .. string.sub(ARGV[1], 57, 72) .. string.char(0), ARGV[2], run)
redis.call('ZADD', 'p' .. string.sub(ARGV[1], 73, 88), ARGV[2], run)
redis.call('ZADD', 's' .. string.char(0), ARGV[2], run)
return 1
)";

std::string tagged(char tag, std::string_view rest) { return tag + std::string(rest); }

std::string journey_set(const Uuid& journey, RunStatus status) {
  return tagged('j', view(journey)) + static_cast<char>(status);
}

std::string status_set(RunStatus status) { return {'s', static_cast<char>(status)}; }

class Connection {
 public:
  explicit Connection(const std::string& socket)
      : context_(redisConnectUnix(socket.c_str()), redisFree) {
    if (context_ == nullptr || context_->err != 0) fail("redis: cannot connect to " + socket);
  }
  void append(const Args& args) {
    data_.clear();
    sizes_.clear();
    for (const std::string_view arg : args) {
      data_.push_back(arg.data());
      sizes_.push_back(arg.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(args.size()), data_.data(),
                           sizes_.data());
  }
  [[nodiscard]] Reply reply() {
    void* reply = nullptr;
    if (redisGetReply(context_.get(), &reply) != REDIS_OK) {
      fail(std::string("redis: ") + context_->errstr);
    }
    Reply owned(static_cast<redisReply*>(reply), freeReplyObject);
    if (owned->type == REDIS_REPLY_ERROR) fail(std::string("redis: ") + owned->str);
    return owned;
  }
  [[nodiscard]] Reply command(const Args& args) {
    append(args);
    return reply();
  }

 private:
  std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
  std::vector<const char*> data_;
  std::vector<std::size_t> sizes_;
};

std::string_view text(const redisReply& reply) { return {reply.str, reply.len}; }

class RedisEngine final : public Engine {
 public:
  void open(const OpenSpec& spec) override {
    spec_ = spec;
    give_to_server_user(spec.directory);
    const char* const fsync = spec.durability == Durability::durable ? "always" : "everysec";
    server_.start(
        {"redis-server", "--port", "0", "--unixsocket", socket(), "--dir", spec.directory, "--save",
         "", "--appendonly", "yes", "--appendfsync", fsync, "--auto-aof-rewrite-percentage", "0",
         "--daemonize", "no", "--maxclients", "512"},
        spec.directory, spec.directory + "/server.log", SIGKILL);
    await_ready();
    Connection connection(socket());
    step_script_ = text(*connection.command({"SCRIPT", "LOAD", kStepScript}));
    create_script_ = text(*connection.command({"SCRIPT", "LOAD", kCreateScript}));
  }

  std::unique_ptr<Session> session() override;

  // Nothing is left over but, with everysec, at most a second of log not yet synced.
  void drain() override {
    if (spec_.durability == Durability::durable) return;
    Connection connection(socket());
    for (;;) {
      const Reply info = connection.command({"INFO", "persistence"});
      if (text(*info).find("aof_buffer_length:0") != std::string_view::npos &&
          text(*info).find("aof_pending_bio_fsync:0") != std::string_view::npos) {
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void close() override { server_.stop(SIGTERM, 30); }
  void crash() override { server_.kill_tree(); }
  std::uint64_t server_memory() override { return server_.memory(); }
  [[nodiscard]] std::string socket() const { return spec_.directory + "/socket"; }
  [[nodiscard]] std::string_view step_script() const { return step_script_; }
  [[nodiscard]] std::string_view create_script() const { return create_script_; }

 private:
  // Ready is when the append-only file is loaded: until then every command is refused.
  void await_ready() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
    for (std::string why; std::chrono::steady_clock::now() < deadline;) {
      server_.check_running();
      try {
        Connection connection(socket());
        (void)connection.command({"GET", "ready"});
        return;
      } catch (const std::exception&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
    fail("redis: not ready after five minutes");
  }

  ServerProcess server_;
  std::string step_script_;
  std::string create_script_;
};

class RedisSession final : public Session {
 public:
  explicit RedisSession(RedisEngine& engine) : engine_(engine), connection_(engine.socket()) {}

  Answer create(const NewRun& run) override {
    RecordBytes bytes;
    const std::string score = std::to_string(run.triggered_us);
    const Reply reply =
        connection_.command({"EVALSHA", engine_.create_script(), "1", key(run.run_id),
                             encode(run.run_id, make_record(run), bytes), score});
    return reply->integer == 1 ? Answer::done : Answer::refused;
  }

  Answer step(const Uuid& run_id, Step step, std::string_view error) override {
    const std::string now = std::to_string(now_us());
    const std::string to = std::to_string(static_cast<int>(target(step)));
    const Reply reply =
        connection_.command({"EVALSHA", engine_.step_script(), "1", key(run_id), now, to, error});
    if (reply->integer < 0) return Answer::missing;
    return reply->integer == 1 ? Answer::done : Answer::refused;
  }

  void ingest(std::span<const NewRun> runs) override {
    std::vector<std::string> records;
    std::map<std::string, std::vector<std::string>> sets;
    RecordBytes bytes;
    for (const NewRun& run : runs) {
      records.push_back(tagged('r', view(run.run_id)));
      records.emplace_back(encode(run.run_id, make_record(run), bytes));
      const std::string score = std::to_string(run.triggered_us);
      for (std::string set : {journey_set(run.journey_id, RunStatus::queued),
                              tagged('p', view(run.profile_id)), status_set(RunStatus::queued)}) {
        auto& members = sets[std::move(set)];
        members.push_back(score);
        members.emplace_back(view(run.run_id));
      }
    }
    connection_.append({"MULTI"});
    Args args{"MSET"};
    args.insert(args.end(), records.begin(), records.end());
    connection_.append(args);
    for (const auto& [set, members] : sets) {
      args.assign({"ZADD", set});
      args.insert(args.end(), members.begin(), members.end());
      connection_.append(args);
    }
    connection_.append({"EXEC"});
    for (std::size_t i = 0; i < sets.size() + 3; ++i) (void)connection_.reply();
  }

  std::size_t get_json(const Uuid& run_id, std::span<char> out) override {
    const Reply reply = connection_.command({"GET", key(run_id)});
    return answer(run_id, *reply, out);
  }

  void get_many(std::span<const Uuid> run_ids, Answers& out) override {
    if (run_ids.empty()) return;
    std::vector<std::string> keys;
    for (const Uuid& id : run_ids) keys.push_back(tagged('r', view(id)));
    Args args{"MGET"};
    args.insert(args.end(), keys.begin(), keys.end());
    const Reply reply = connection_.command(args);
    for (std::size_t i = 0; i < run_ids.size(); ++i) {
      out.add(answer(run_ids[i], *reply->element[i], out.room()));
    }
  }

  bool list_page(const ListQuery& query, Answers& out) override {
    const std::string set = query.by == ListBy::profile  ? tagged('p', view(query.id))
                            : query.by == ListBy::status ? status_set(query.status)
                                                         : journey_set(query.id, query.status);
    // Those of the position's own instant come in order of their bytes, then those after it; both
    // in one round trip.
    const std::string at = std::to_string(query.after_us);
    const std::string behind = "(" + at;
    const std::string limit = std::to_string(query.limit);
    connection_.append({"ZRANGE", set, at, at, "BYSCORE"});
    connection_.append({"ZRANGE", set, behind, "+inf", "BYSCORE", "LIMIT", "0", limit});
    std::vector<Uuid> ids;
    const Reply equal = connection_.reply();
    const Reply later = connection_.reply();
    for (const redisReply* const reply : {equal.get(), later.get()}) {
      for (std::size_t i = 0; i < reply->elements && ids.size() < query.limit; ++i) {
        const Uuid id = uuid_from(text(*reply->element[i]));
        if (reply == later.get() || query.after_run < id) ids.push_back(id);
      }
    }
    get_many(ids, out);
    return true;
  }

  // A sorted set knows its size.
  bool count(const Uuid* journey_id, Counts& out) override {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto status = static_cast<RunStatus>(i);
      connection_.append(
          {"ZCARD", journey_id == nullptr ? status_set(status) : journey_set(*journey_id, status)});
    }
    for (std::uint64_t& value : out) {
      value = static_cast<std::uint64_t>(connection_.reply()->integer);
    }
    return true;
  }

 private:
  std::string_view key(const Uuid& run_id) {
    key_.assign(1, 'r');
    key_.append(view(run_id));
    return key_;
  }

  static std::size_t answer(const Uuid& run_id, const redisReply& reply, std::span<char> out) {
    if (reply.type == REDIS_REPLY_NIL) return 0;
    return render(run_id, decode(run_id, text(reply), Verify::no), out);
  }

  RedisEngine& engine_;
  Connection connection_;
  std::string key_;
};

std::unique_ptr<Session> RedisEngine::session() { return std::make_unique<RedisSession>(*this); }

// `Redis server v=7.0.15 sha=...`
std::string installed_version() {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen("redis-server --version", "r"),
                                                   ::pclose);
  char line[256] = "";
  if (!pipe || std::fgets(line, sizeof line, pipe.get()) == nullptr) return "Redis (absent)";
  const std::string_view text(line);
  const std::size_t at = text.find("v=");
  if (at == std::string_view::npos) return "Redis";
  return "Redis " + std::string(text.substr(at + 2, text.find(' ', at) - at - 2));
}

const Registration kRedis{
    {.name = "redis",
     .version = "Redis 7",
     .settings = "unix socket, append-only file without rewrites, scripts for steps, one MULTI "
                 "with variadic commands for a batch, no checksum; fsync always, relaxed: everysec",
     .make = [] { return std::make_unique<RedisEngine>(); },
     .counts = true,
     .ask_version = installed_version}};

}  // namespace
}  // namespace bench
