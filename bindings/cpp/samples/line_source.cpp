// SPDX-License-Identifier: Apache-2.0
//
// Lines by read(2) and poll(2), because a stream cannot be told to stop waiting for stdin.
#include "line_source.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "stop.hpp"

namespace sample {
namespace {

milepost::Error input_error(const std::string& path, int number) {
  return {.code = number == ENOENT ? milepost::Errc::not_found : milepost::Errc::io,
          .system = number,
          .subject = path,
          .message = std::string("the input cannot be read: ") + std::strerror(number) + ".",
          .advice = "Check the name given to --input."};
}

class FileLines final : public LineSource {
 public:
  FileLines(std::string path, int fd, std::uint64_t file_size)
      : path_(std::move(path)), fd_(fd), file_size_(file_size) {}
  ~FileLines() override {
    if (fd_ != STDIN_FILENO) ::close(fd_);
  }
  FileLines(const FileLines&) = delete;
  FileLines& operator=(const FileLines&) = delete;

  milepost::Result<std::optional<Line>> next() override;
  double fraction() const override {
    if (file_size_ == 0) return -1.0;
    return std::min(1.0, static_cast<double>(consumed_) / static_cast<double>(file_size_));
  }

 private:
  /// Reads more; at_end_ says that there is none. False: errno.
  [[nodiscard]] bool fill();

  const std::string path_;
  const int fd_;
  const std::uint64_t file_size_;  // 0: not a regular file.
  std::array<char, 64u << 10> chunk_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t consumed_ = 0;
  std::uint64_t number_ = 0;
  std::string line_;
};

bool FileLines::fill() {
  begin_ = end_ = 0;
  pollfd waits[2] = {{.fd = fd_, .events = POLLIN, .revents = 0},
                     {.fd = stop_fd(), .events = POLLIN, .revents = 0}};
  for (;;) {
    if (::poll(waits, 2, -1) < 0 && errno != EINTR) return false;
    if (stop_requested()) {
      at_end_ = true;
      return true;
    }
    if (waits[0].revents == 0) continue;
    const ssize_t size = ::read(fd_, chunk_.data(), chunk_.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size < 0) return false;
    at_end_ = size == 0;
    end_ = static_cast<std::size_t>(size);
    return true;
  }
}

milepost::Result<std::optional<Line>> FileLines::next() {
  line_.clear();
  bool too_long = false;
  bool any = false;
  for (;;) {
    if (begin_ == end_ && !at_end_ && !fill()) return input_error(path_, errno);
    // A line cut short by Ctrl-C is not a line of the input.
    if (stop_requested()) return std::optional<Line>{};
    if (begin_ == end_ && at_end_) {
      if (!any) return std::optional<Line>{};
      break;
    }
    const std::string_view rest(chunk_.data() + begin_, end_ - begin_);
    const std::size_t size = std::min(rest.find('\n'), rest.size());
    any = true;
    if (line_.size() + size > kLineSizeMax) {
      too_long = true;
    } else {
      line_.append(rest.substr(0, size));
    }
    const bool ended = size < rest.size();
    begin_ += size + (ended ? 1 : 0);
    consumed_ += size + (ended ? 1 : 0);
    if (ended) break;
  }
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  std::string_view text = line_;
  if (++number_ == 1 && text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return std::optional<Line>(Line{.number = number_, .text = text, .too_long = too_long});
}

}  // namespace

milepost::Result<std::unique_ptr<LineSource>> open_lines(const std::string& path) {
  int fd = STDIN_FILENO;
  if (path != "-") {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return input_error(path, errno);
  }
  struct stat info {};
  int problem = ::fstat(fd, &info) != 0 ? errno : 0;
  if (problem == 0 && S_ISDIR(info.st_mode)) problem = EISDIR;
  if (problem != 0) {
    if (fd != STDIN_FILENO) ::close(fd);
    return input_error(path, problem);
  }
  const auto size = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
  return std::unique_ptr<LineSource>(std::make_unique<FileLines>(path, fd, size));
}

}  // namespace sample
