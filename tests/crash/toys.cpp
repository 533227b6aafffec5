// SPDX-License-Identifier: Apache-2.0
//
// Tests the tests: the recorder and the replayer on writers whose fate is known. An append-only
// log that syncs before it acknowledges, and LMDB in its default mode, must come through every
// state; the same log without its syncs, one that forgets to sync its directory, and LMDB with
// MDB_NOSYNC must be caught.
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <lmdb.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mark.hpp"
#include "common/process.hpp"
#include "replay/campaign.hpp"

namespace milepost::crash {
namespace {

constexpr int kSteps = 120;

struct Shared {
  std::uint64_t acknowledged;
};

int sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int result = ::fsync(fd);
  ::close(fd);
  return result;
}

void acknowledge(std::uint64_t number) { mark(&number, sizeof number); }

// Each entry is its number eight times, so that a torn one shows.
int write_log(const std::string& root, bool sync, bool sync_names) {
  const std::string folder = root + "/store";
  ::mkdir(folder.c_str(), 0700);
  if (sync_names && sync_folder(root) != 0) return 1;
  const int fd = ::open((folder + "/toy.log").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || (sync_names && sync_folder(folder) != 0)) return 1;
  for (std::uint64_t i = 1; i <= kSteps; ++i) {
    std::uint64_t entry[8];
    for (auto& word : entry) word = i;
    if (::pwrite(fd, entry, sizeof entry, static_cast<off_t>((i - 1) * sizeof entry)) < 0) return 1;
    if (sync && ::fdatasync(fd) != 0) return 1;
    acknowledge(i);
  }
  return 0;
}

std::string check_log(const std::string& root, std::uint64_t acknowledged) {
  const int fd = ::open((root + "/store/toy.log").c_str(), O_RDONLY | O_CLOEXEC);
  std::uint64_t whole = 0;
  std::uint64_t entry[8];
  while (fd >= 0 && ::read(fd, entry, sizeof entry) == static_cast<ssize_t>(sizeof entry)) {
    bool good = true;
    for (const auto word : entry) good = good && word == whole + 1;
    if (!good) break;
    ++whole;
  }
  if (fd >= 0) ::close(fd);
  return whole >= acknowledged ? "" : "lost " + std::to_string(acknowledged - whole);
}

int write_lmdb(const std::string& root, unsigned flags) {
  MDB_env* env = nullptr;
  mdb_env_create(&env);
  mdb_env_set_mapsize(env, 4u << 20);
  const std::string folder = root + "/store";
  ::mkdir(folder.c_str(), 0700);
  if (mdb_env_open(env, folder.c_str(), flags, 0600) != 0) return 1;
  if (sync_folder(folder) != 0 || sync_folder(root) != 0) return 1;  // LMDB does not.
  for (std::uint64_t i = 1; i <= kSteps; ++i) {
    MDB_txn* txn = nullptr;
    MDB_dbi table = 0;
    std::string value(700, static_cast<char>('a' + i % 26));
    MDB_val key{sizeof i, &i};
    MDB_val data{value.size(), value.data()};
    if (mdb_txn_begin(env, nullptr, 0, &txn) != 0 || mdb_dbi_open(txn, nullptr, 0, &table) != 0 ||
        mdb_put(txn, table, &key, &data, 0) != 0 || mdb_txn_commit(txn) != 0) {
      return 1;
    }
    acknowledge(i);
  }
  return 0;
}

std::string check_lmdb(const std::string& root, std::uint64_t acknowledged) {
  struct stat info {};
  const std::string folder = root + "/store";
  if (::stat((folder + "/data.mdb").c_str(), &info) != 0 || info.st_size < 8192) {
    return acknowledged == 0 ? "" : "no database";
  }
  MDB_env* env = nullptr;
  mdb_env_create(&env);
  mdb_env_set_mapsize(env, 4u << 20);
  std::string wrong;
  MDB_txn* txn = nullptr;
  MDB_dbi table = 0;
  if (mdb_env_open(env, folder.c_str(), 0, 0600) != 0) {
    wrong = acknowledged == 0 ? "" : "cannot open";
  } else if (mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) == 0) {
    mdb_dbi_open(txn, nullptr, 0, &table);
    for (std::uint64_t i = 1; i <= acknowledged && wrong.empty(); ++i) {
      MDB_val key{sizeof i, &i};
      MDB_val data{};
      const std::string value(700, static_cast<char>('a' + i % 26));
      if (mdb_get(txn, table, &key, &data) != 0 || data.mv_size != value.size() ||
          std::memcmp(data.mv_data, value.data(), value.size()) != 0) {
        wrong = "lost or wrong: " + std::to_string(i);
      }
    }
    mdb_txn_abort(txn);
  }
  mdb_env_close(env);
  return wrong;
}

int write_toy(const std::string& toy, const std::string& root) {
  if (toy == "log") return write_log(root, true, true);
  if (toy == "log-nosync") return write_log(root, false, true);
  if (toy == "log-nonames") return write_log(root, true, false);
  if (toy == "lmdb") return write_lmdb(root, 0);
  return write_lmdb(root, MDB_NOSYNC);
}

/// Records one toy, replays it, and says whether the share of bad states is as it should be.
bool try_toy(const std::string& toy, bool good, const Options& options, std::uint64_t seed) {
  const TemporaryFolder folder(options, "toys", true);
  const std::string root = folder.path() + "/live";
  ::mkdir(root.c_str(), 0700);
  Environment environment = shim_environment("record", root);
  environment["MILEPOST_SHIM_LOG"] = folder.path() + "/io.log";
  const Exit exit = wait_for(spawn_self({"--writer=" + toy, "--root=" + root}, environment),
                             std::chrono::seconds(60));
  if (!exit.clean()) {
    std::printf("%s: the writer %s\n", toy.c_str(), exit.text().c_str());
    return false;
  }
  auto* shared = static_cast<Shared*>(map_shared(folder.path() + "/shared", sizeof(Shared)));
  CheckerProcess checker({"--checker=" + toy, "--shared=" + folder.path() + "/shared"});
  Campaign campaign;
  campaign.log_path = folder.path() + "/io.log";
  campaign.state_folder = folder.path() + "/state";
  campaign.states = options.number("states", 400);
  campaign.seed = seed;
  campaign.failures_shown = good ? 3 : 0;
  campaign.on_mark = [&](const LogEntry& entry) {
    std::memcpy(&shared->acknowledged, entry.data.data(), sizeof shared->acknowledged);
  };
  const CampaignReport report = run_campaign(campaign, checker, [&] { shared->acknowledged = 0; });
  const bool as_wanted = good ? report.failed == 0 : report.failed * 2 > report.states;
  std::printf("%-12s %5llu states, %5llu bad: %s\n", toy.c_str(),
              static_cast<unsigned long long>(report.states),
              static_cast<unsigned long long>(report.failed),
              as_wanted ? "as it should be" : "WRONG");
  return as_wanted && report.states > 100;
}

int run(int argc, char** argv) {
  const Options options(argc, argv);
  if (options.has("writer")) return write_toy(options.text("writer"), options.text("root"));
  if (options.has("checker")) {
    const bool lmdb = options.text("checker").starts_with("lmdb");
    const auto* shared =
        static_cast<const Shared*>(map_shared(options.text("shared"), sizeof(Shared)));
    return serve_checks([&](const std::string& root) {
      return lmdb ? check_lmdb(root, shared->acknowledged) : check_log(root, shared->acknowledged);
    });
  }
  const std::uint64_t seed = choose_seed(options, "crash_toys");
  bool good = true;
  good &= try_toy("log", true, options, seed);
  good &= try_toy("log-nosync", false, options, seed);
  good &= try_toy("log-nonames", false, options, seed);
  good &= try_toy("lmdb", true, options, seed);
  good &= try_toy("lmdb-nosync", false, options, seed);
  return good ? 0 : 1;
}

}  // namespace
}  // namespace milepost::crash

int main(int argc, char** argv) { return milepost::crash::run(argc, argv); }
