// SPDX-License-Identifier: Apache-2.0
//
// A second process for the tests: `milepost_lmdb_probe <verb> <folder> [number]`. It prints one
// line per step, "ok ..." or "error <code> <message>", and where a test must act in between it
// waits for a line on its input. Everything that forks, gets killed or may end by a signal is here.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <lmdb.h>
#include <map>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "lmdb/cursor.hpp"
#include "lmdb/errors.hpp"
#include "lmdb_support.hpp"
#include "probe_faults.hpp"

namespace milepost::lmdb::test {
namespace {

void say(const std::string& text) {
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
}

void wait_for_line() {
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
  }
}

std::string told(const Error& error) {
  return "error " + std::to_string(static_cast<int>(error.code)) + " " +
         std::to_string(static_cast<int>(error.applied)) + " " + error.message;
}

template <typename T>
std::string told(const Result<T>& result) {
  return result ? std::string("ok") : told(result.error());
}

std::unique_ptr<Env> open_or_exit(EnvOptions options) {
  auto env = Env::open(std::move(options));
  if (!env) {
    say(told(env.error()));
    std::exit(0);
  }
  return *std::move(env);
}

Result<void> put_one(Env& env, const std::string& key, const std::string& value) {
  auto txn = env.begin_write();
  if (!txn) return txn.error();
  if (auto put = txn->put(*env.table("runs"), bytes(key), bytes(value)); !put) return put;
  return txn->commit();
}

// Holds the store open until told to go on.
int hold(EnvOptions options, long) {
  auto env = open_or_exit(std::move(options));
  say("ok");
  wait_for_line();
  return 0;
}

int read_hold(EnvOptions options, long count) {
  options.read_only = true;
  options.read_slots = 1024;
  auto env = open_or_exit(std::move(options));
  std::vector<ReadTxn> held;
  for (long i = 0; i < count; ++i) {
    auto txn = env->begin_read();
    if (!txn) {
      say(told(txn.error()));
      return 0;
    }
    held.push_back(*std::move(txn));
  }
  say("ok");
  wait_for_line();
  return 0;
}

// Opens and reads every pair of every table. Whatever the file, this must end with a line.
int scan(EnvOptions options, long read_only) {
  options.create = false;
  options.read_only = read_only != 0;
  options.filesystem_type = {};
  auto env = open_or_exit(std::move(options));
  auto txn = env->begin_read();
  if (!txn) return say(told(txn)), 0;
  unsigned long pairs = 0;
  for (const char* name : {"runs", "index", "meta"}) {
    auto cursor = Cursor::open(*txn, *env->table(name));
    if (!cursor) return say(told(cursor)), 0;
    for (auto there = cursor->first();; there = cursor->next()) {
      if (!there) return say(told(there)), 0;
      if (!*there) break;
      for (const std::byte b : cursor->value()) pairs += b == std::byte{0xff} ? 1000 : 0;
      ++pairs;
    }
  }
  say("ok " + std::to_string(pairs));
  return 0;
}

// One writer that grows the map and fills it far past its first size.
int grow(EnvOptions options, long megabytes) {
  auto env = open_or_exit(std::move(options));
  const std::string value(100'000, 'g');
  for (long i = 0; i < megabytes * 10; ++i) {
    for (int tries = 0; tries < 8; ++tries) {
      auto done = put_one(*env, "grown" + numbered(static_cast<unsigned long>(i)), value);
      if (done) break;
      if (done.error().code != Errc::map_full) return say(told(done)), 0;
      if (auto grown = env->grow(); !grown) return say(told(grown)), 0;
    }
  }
  say("ok " + std::to_string(env->map_size()));
  wait_for_line();
  return 0;
}

int grow_without_space(EnvOptions options, long) {
  auto env = open_or_exit(std::move(options));
  if (auto put = put_one(*env, "before", "value"); !put) return say(told(put)), 0;
  rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  std::FILE* const statm = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  if (statm == nullptr || std::fscanf(statm, "%lu", &pages) != 1) return 1;
  std::fclose(statm);
  limit.rlim_cur = pages * static_cast<unsigned long>(::sysconf(_SC_PAGESIZE)) + (20u << 20);
  ::setrlimit(RLIMIT_AS, &limit);
  say(told(env->grow()));
  auto txn = env->begin_read();
  if (!txn) return say(told(txn)), 0;
  auto value = txn->get(*env->table("runs"), bytes("before"));
  say(value && *value ? "ok " + std::string(as_text(**value)) : "lost");
  txn->end();
  say(told(put_one(*env, "after", "value")));
  return 0;
}

// What a closed environment answers.
int after_close(EnvOptions options, long) {
  auto env = open_or_exit(std::move(options));
  say(told(env->close()));
  say(told(env->begin_read()));
  say(told(env->begin_write()));
  say(told(env->grow()));
  say(told(env->check_files()));
  return 0;
}

int file_size_limit(EnvOptions options, long) {
  auto env = open_or_exit(std::move(options));
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{1u << 20, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string value(50'000, 'v');
  Result<void> done;
  unsigned long stored = 0;
  while ((done = put_one(*env, numbered(stored), value))) ++stored;
  say(told(done));
  auto txn = env->begin_read();
  if (!txn) return say(told(txn)), 0;
  auto count = txn->count(*env->table("runs"));
  say(count && *count == stored ? "ok" : "lost");
  txn->end();
  const rlimit open_limit{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_FSIZE, &open_limit);
  say(told(put_one(*env, "later", value)));
  return 0;
}

int fail_writes(EnvOptions options, std::atomic<int>& fault, int error) {
  auto env = open_or_exit(options);
  if (auto put = put_one(*env, "first", "1"); !put) return say(told(put)), 0;
  fault = error;
  say(told(put_one(*env, "second", "2")));
  fault = 0;
  say(told(env->begin_read()));
  say(told(put_one(*env, "third", "3")));
  say(told(env->close()));
  env = open_or_exit(std::move(options));
  auto txn = env->begin_read();
  if (!txn) return say(told(txn)), 0;
  const Table runs = *env->table("runs");
  std::string keys;
  for (const char* key : {"first", "second", "third"}) {
    auto value = txn->get(runs, bytes(key));
    keys += value && *value ? "y" : "n";
  }
  say(keys);
  return 0;
}

// A failed meta write, healed inside the same Env; then the store works as before.
int reopen(EnvOptions options, long error) {
  auto env = open_or_exit(std::move(options));
  if (auto put = put_one(*env, "first", "1"); !put) return say(told(put)), 0;
  say(told(env->reopen()));  // healthy: nothing to do
  g_meta_write_error = static_cast<int>(error);
  say(told(put_one(*env, "second", "2")));
  say(told(env->reopen()));  // cannot be mended yet, or is: LMDB writes nothing when it opens
  g_meta_write_error = 0;
  say(told(env->reopen()));
  say(told(put_one(*env, "third", "3")));
  auto txn = env->begin_read();
  if (!txn) return say(told(txn)), 0;
  const Table runs = *env->table("runs");
  std::string keys;
  for (const char* key : {"first", "third"}) {
    auto value = txn->get(runs, bytes(key));
    keys += value && *value ? "y" : "n";
  }
  say(keys);
  return 0;
}
int panic(EnvOptions options, long error) {
  return fail_writes(std::move(options), g_meta_write_error, static_cast<int>(error));
}
int data_fault(EnvOptions options, long error) {
  return fail_writes(std::move(options), g_data_write_error, static_cast<int>(error));
}
int sync_fault(EnvOptions options, long error) {
  return fail_writes(std::move(options), g_sync_error, static_cast<int>(error));
}

// Creation with its n-th fsync failing, or with number 0 its first commit.
int create_fault(EnvOptions options, long number) {
  (number == 0 ? g_sync_error : g_fsync_to_fail) = number == 0 ? EIO : static_cast<int>(number);
  say(told(Env::open(options)));
  g_sync_error = 0;
  std::size_t leftovers = 0;
  bool store = false;
  for (const auto& entry : std::filesystem::directory_iterator(options.directory)) {
    const std::string name = entry.path().filename();
    store = store || name == "data.mdb";
    leftovers += name[0] == '.' ? 1 : 0;
  }
  say(std::string(store ? "store " : "none ") + std::to_string(leftovers));
  say(told(Env::open(options)));
  return 0;
}

// Zeroes what belongs to a tree while it is open, then walks there: LMDB ends the process.
int assertion(EnvOptions options, long) {
  options.log = [](LogLevel, std::string_view text) { say("log " + std::string(text)); };
  const std::string path = options.directory + "/data.mdb";
  auto env = open_or_exit(std::move(options));
  for (unsigned long i = 0; i < 2000; ++i) {
    if (auto put = i % 500 != 0 ? Result<void>() : put_one(*env, numbered(i), "x"); !put) return 1;
  }
  auto txn = env->begin_write();
  if (!txn) return 1;
  for (unsigned long i = 0; i < 2000; ++i) {
    if (!txn->put(*env->table("runs"), bytes(numbered(i)), bytes(std::string(500, 'x')))) return 1;
  }
  if (!txn->commit()) return 1;
  // Every branch page gets a key count of none.
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  const auto size = std::filesystem::file_size(path);
  for (std::uint64_t page = 2; page < size / 4096; ++page) {
    std::uint16_t words[8] = {};
    if (::pread(fd, words, sizeof words, static_cast<off_t>(page * 4096)) != sizeof words) continue;
    if (words[5] == 1) words[6] = 16;
    if (::pwrite(fd, words, sizeof words, static_cast<off_t>(page * 4096)) < 0) return 1;
  }
  ::close(fd);
  auto reader = env->begin_read();
  if (!reader) return say(told(reader)), 0;
  say(told(reader->get(*env->table("runs"), bytes(numbered(1234)))));
  return 0;
}

// The child of fork tells by its exit code, bit by bit, what it was allowed to do.
int fork_use(EnvOptions options, long) {
  const std::string directory = options.directory;
  auto env = open_or_exit(options);
  if (auto put = put_one(*env, "parent", "1"); !put) return 1;
  auto txn = env->begin_read();
  auto other = env->begin_read();
  if (!txn || !other) return 1;
  auto cursor = Cursor::open(*txn, *env->table("runs"));
  if (!cursor) return 1;
  other->end();  // Leaves a warm slot, which the child must not renew.
  const pid_t child = ::fork();
  if (child == 0) {
    int wrong = 0;
    const auto is_forked = [](const auto& result) {
      return !result && result.error().code == Errc::forked;
    };
    Bytes found;
    if (!is_forked(env->begin_read())) wrong |= 1;
    if (!is_forked(env->begin_write())) wrong |= 2;
    if (!is_forked(env->grow())) wrong |= 4;
    if (!is_forked(env->close())) wrong |= 8;
    if (!is_forked(txn->get(*env->table("runs"), bytes("parent")))) wrong |= 16;
    if (txn->find(*env->table("runs"), bytes("parent"), found) != Lookup::failed) wrong |= 16;
    if (!is_forked(cursor->first())) wrong |= 32;
    txn->end();
    env.reset();
    // Its own environment, reading what the parent has open for writing.
    EnvOptions own = options;
    own.read_only = true;
    if (auto mine = Env::open(own); !mine || !(*mine)->begin_read()) wrong |= 64;
    if (auto mine = Env::open(options); mine || mine.error().code != Errc::locked) wrong |= 128;
    ::_exit(wrong);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  say("child " + std::to_string(WIFEXITED(status) ? WEXITSTATUS(status) : -1));
  auto value = txn->get(*env->table("runs"), bytes("parent"));
  say(value && *value ? "ok" : "lost");
  // Were the parent's snapshot released by the child, its pages would be written over.
  for (unsigned long i = 0; i < 50; ++i) {
    if (auto put = put_one(*env, "parent", numbered(i)); !put) return say(told(put)), 0;
  }
  auto stats = env->stats();
  if (!stats) return say(told(stats)), 0;
  say("lag " + std::to_string(stats->oldest_reader_lag));
  value = txn->get(*env->table("runs"), bytes("parent"));
  say(value && *value ? std::string(as_text(**value)) : "lost");
  txn->end();
  say(told(env->begin_read()));
  return 0;
}

// Dies by SIGKILL while its child lives on; the child must not keep the writer's lock.
int fork_orphan(EnvOptions options, long) {
  auto env = open_or_exit(std::move(options));
  const pid_t child = ::fork();
  if (child == 0) {
    say("child " + std::to_string(::getpid()));
    wait_for_line();
    ::_exit(0);
  }
  for (;;) ::pause();
}

// A transaction that outlives its environment.
int leak(EnvOptions options, long) {
  const EnvOptions again = options;
  options.log = [](LogLevel, std::string_view text) { say("log " + std::string(text)); };
  options.wait_max = std::chrono::milliseconds(1);
  auto env = open_or_exit(std::move(options));
  auto txn = env->begin_read();
  if (!txn) return 1;
  env.reset();
  say(told(Env::open(again)));
  ::_exit(0);
}

int list_descriptors(EnvOptions options, long) {
  auto env = open_or_exit(std::move(options));
  auto txn = env->begin_read();
  if (!txn) return 1;
  say("begin");
  const int rc = std::system("ls -l /proc/self/fd");
  say("end " + std::to_string(rc));
  return 0;
}

// Opens with plain LMDB, as another copy in the process would, then by us.
int foreign_handle(EnvOptions options, long) {
  MDB_env* raw = nullptr;
  mdb_env_create(&raw);
  mdb_env_set_maxdbs(raw, 8);
  if (mdb_env_open(raw, options.directory.c_str(), 0, 0600) != 0) return 1;
  auto env = Env::open(options);
  say(told(env));
  mdb_env_close(raw);
  say(told(Env::open(options)));
  return 0;
}

// Locks the byte of lock.mdb that stands for a process id, as its twin in another pid namespace
// would.
int lock_pid(EnvOptions options, long pid) {
  const int fd = ::open((options.directory + "/lock.mdb").c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = pid;
  lock.l_len = 1;
  say(fd >= 0 && ::fcntl(fd, F_SETLK, &lock) == 0 ? "ok" : "error");
  wait_for_line();
  return 0;
}

// Another program drops a table behind our back.
int drop_table(EnvOptions options, long) {
  MDB_env* raw = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi = 0;
  mdb_env_create(&raw);
  mdb_env_set_maxdbs(raw, 8);
  int rc = mdb_env_open(raw, options.directory.c_str(), MDB_NOTLS, 0600);
  if (rc == 0) rc = mdb_txn_begin(raw, nullptr, 0, &txn);
  if (rc == 0) rc = mdb_dbi_open(txn, "runs", 0, &dbi);
  if (rc == 0) rc = mdb_drop(txn, dbi, 1);
  if (rc == 0) rc = mdb_txn_commit(txn);
  mdb_env_close(raw);
  say(rc == 0 ? "ok" : "error");
  return 0;
}

// Opens and closes in a loop, so that others meet it in every state.
int open_close(EnvOptions options, long count) {
  options.read_only = true;
  for (long i = 0; i < count; ++i) {
    auto env = Env::open(options);
    if (!env) return say(told(env)), 0;
    auto txn = (*env)->begin_read();
    if (!txn) return say(told(txn)), 0;
    auto value = txn->get(*(*env)->table("runs"), bytes("key"));
    if (!value || !*value) return say("lost"), 0;
  }
  say("ok");
  return 0;
}

const std::map<std::string, std::function<int(EnvOptions, long)>> kVerbs = {
    {"hold", hold},
    {"read_hold", read_hold},
    {"scan", scan},
    {"grow", grow},
    {"grow_without_space", grow_without_space},
    {"after_close", after_close},
    {"file_size_limit", file_size_limit},
    {"panic", panic},
    {"reopen", reopen},
    {"data_fault", data_fault},
    {"sync_fault", sync_fault},
    {"create_fault", create_fault},
    {"assertion", assertion},
    {"fork_use", fork_use},
    {"fork_orphan", fork_orphan},
    {"leak", leak},
    {"lock_pid", lock_pid},
    {"list_descriptors", list_descriptors},
    {"foreign_handle", foreign_handle},
    {"drop_table", drop_table},
    {"open_close", open_close},
};

}  // namespace
}  // namespace milepost::lmdb::test

int main(int argc, char** argv) {
  using namespace milepost::lmdb::test;
  if (argc < 3 || kVerbs.count(argv[1]) == 0) return 2;
  return kVerbs.at(argv[1])(small_store(argv[2]), argc > 3 ? std::atol(argv[3]) : 0);
}
