// SPDX-License-Identifier: Apache-2.0
//
// Appends with one fdatasync a batch, reads back with get_many.
#include "run_list.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <unistd.h>
#include <utility>

namespace sample {
namespace {

constexpr std::size_t kReadTogether = 1'000;
static_assert(kReadTogether <= milepost::kGetManyMax);

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

RunList::RunList(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

RunList::RunList(RunList&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      runs_(std::move(other.runs_)),
      known_(std::move(other.known_)) {}

RunList::~RunList() {
  if (fd_ >= 0) ::close(fd_);
}

milepost::Error RunList::failure(std::string_view what, int number) const {
  return {
      .code = number == ENOSPC || number == EDQUOT ? milepost::Errc::disk_full : milepost::Errc::io,
      .system = number,
      .subject = path_,
      .message = std::string(what) + ": " + std::strerror(number) + ".",
      .advice = "Check that the directory is writable and has room, then start again."};
}

milepost::Result<RunList> RunList::open(const std::string& path) {
  RunList list(path, ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (list.fd_ < 0) return list.failure("the list of runs cannot be opened", errno);
  if (auto loaded = list.load(); !loaded) return loaded.error();
  return list;
}

milepost::Result<void> RunList::load() {
  std::string text;
  off_t kept = 0;
  char chunk[64u << 10];
  for (;;) {
    const ssize_t size = ::read(fd_, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failure("the list of runs cannot be read", errno);
    if (size == 0) break;
    text.append(chunk, static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      take(std::string_view(text).substr(begin, end - begin));
    }
    text.erase(0, begin);
    kept += static_cast<off_t>(begin);
  }
  if (!text.empty() && ::ftruncate(fd_, kept) != 0) {
    return failure("the half written end of the list of runs cannot be cut off", errno);
  }
  return {};
}

void RunList::take(std::string_view line) {
  constexpr std::size_t kSize = milepost::kUuidTextSize;
  if (line.size() != 2 * kSize + 1) return;
  const auto run_id = milepost::parse_uuid(line.substr(0, kSize));
  const auto organization_id = milepost::parse_uuid(line.substr(kSize + 1));
  if (!run_id || !organization_id || !known_.insert(*run_id).second) return;
  runs_.push_back({.run_id = *run_id, .organization_id = *organization_id});
}

milepost::Result<void> RunList::add(std::span<const ListedRun> runs) {
  std::string text;
  for (const ListedRun& run : runs) {
    if (!known_.insert(run.run_id).second) continue;
    runs_.push_back(run);
    text += milepost::to_string(run.run_id);
    text += ' ';
    text += milepost::to_string(run.organization_id);
    text += '\n';
  }
  if (text.empty()) return {};
  if (!write_all(fd_, text)) return failure("the list of runs cannot be written", errno);
  if (::fdatasync(fd_) != 0) return failure("the list of runs cannot be synced", errno);
  return {};
}

milepost::Result<void> for_each_run(const milepost::Tracker& tracker, const RunList& list,
                                    const std::function<void(const milepost::Run&)>& use) {
  const std::span<const ListedRun> all(list.runs());
  for (std::size_t begin = 0; begin < all.size(); begin += kReadTogether) {
    const auto part = all.subspan(begin, std::min(kReadTogether, all.size() - begin));
    // One get_many sees one organization.
    std::map<milepost::Uuid, std::vector<std::size_t>> by_organization;
    for (std::size_t i = 0; i < part.size(); ++i) {
      by_organization[part[i].organization_id].push_back(i);
    }
    std::vector<std::optional<milepost::Run>> found(part.size());
    for (const auto& [organization_id, places] : by_organization) {
      std::vector<milepost::Uuid> ids;
      for (const std::size_t place : places) ids.push_back(part[place].run_id);
      auto runs = tracker.get_many(ids, {.organization_id = organization_id});
      if (!runs) return runs.error();
      for (std::size_t i = 0; i < places.size(); ++i) found[places[i]] = std::move((*runs)[i]);
    }
    for (const auto& run : found) {
      if (run) use(*run);
    }
  }
  return {};
}

milepost::Result<std::vector<milepost::Run>> unfinished_runs(const milepost::Tracker& tracker,
                                                             const RunList& list) {
  std::vector<milepost::Run> unfinished;
  auto read = for_each_run(tracker, list, [&unfinished](const milepost::Run& run) {
    if (run.status == milepost::RunStatus::queued || run.status == milepost::RunStatus::running) {
      unfinished.push_back(run);
    }
  });
  if (!read) return read.error();
  return unfinished;
}

}  // namespace sample
