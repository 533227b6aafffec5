// SPDX-License-Identifier: Apache-2.0
//
// export and import: JSON Lines, to and from files or pipes.
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "commands.hpp"
#include "json_line.hpp"
#include "progress.hpp"
#include "table.hpp"
#include "text.hpp"

namespace cli {
namespace {

struct ExportOptions {
  std::string file = "-";
  std::optional<milepost::Uuid> organization;
  bool force = false;
};

struct ImportOptions {
  std::string file = "-";
  bool init = false;
};

milepost::Error file_error(const std::string& file, const char* what, int number) {
  milepost::Errc code = milepost::Errc::io;
  if (number == ENOENT) code = milepost::Errc::not_found;
  if (number == EACCES || number == EPERM) code = milepost::Errc::permission;
  if (number == ENOSPC || number == EDQUOT) code = milepost::Errc::disk_full;
  if (number == EEXIST) code = milepost::Errc::invalid_argument;
  return {.code = code,
          .system = number,
          .subject = file,
          .message = std::string(what) + ": " + std::strerror(number) + ".",  // NOLINT
          .advice = number == EEXIST ? "Choose another name, or add --force." : ""};
}

/// A file that is whole or not there: written beside, 0600, synced, then renamed.
class NewFile {
 public:
  NewFile(std::string name, bool force)
      : name_(std::move(name)), part_(name_ + ".part"), force_(force) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    ::unlink(part_.c_str());
  }

  milepost::Result<void> open() {
    if (!force_ && ::access(name_.c_str(), F_OK) == 0)
      return file_error(name_, "The file is there already", EEXIST);
    descriptor_ =
        ::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor_ < 0) return file_error(part_, "The file cannot be made", errno);
    return {};
  }

  milepost::Result<void> write(std::string_view text) {
    while (!text.empty()) {
      const auto written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return file_error(part_, "The file cannot be written", errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }

  milepost::Result<void> keep() {
    if (::fsync(descriptor_) != 0) return file_error(part_, "The file cannot be synced", errno);
    if (::rename(part_.c_str(), name_.c_str()) != 0)
      return file_error(name_, "The file cannot be put in its place", errno);
    ::close(descriptor_);
    descriptor_ = -1;
    return {};
  }

 private:
  std::string name_;
  std::string part_;
  bool force_;
  int descriptor_ = -1;
};

int export_runs(Session& session, const ExportOptions& options) {
  auto tracker = session.open_to_read();
  if (!tracker) return session.complain(tracker.error());
  const bool to_file = options.file != "-";
  NewFile file(options.file, options.force);
  if (to_file) {
    if (const auto opened = file.open(); !opened) return session.complain(opened.error());
  }
  Progress progress(session.err, session.stop, "exporting");
  const auto sink = [&](std::string_view lines) -> milepost::Result<void> {
    if (to_file) return file.write(lines);
    session.out.write(lines);
    session.out.flush();
    return {};
  };
  const auto done = tracker->export_runs(
      sink, {.organization_id = options.organization,
             .progress = [&](const milepost::TransferProgress& so_far) {
               return progress(grouped(so_far.lines) + " runs, " + byte_text(so_far.bytes)) &&
                      session.out.open();
             }});
  progress.clear();
  if (session.stop.asked()) {
    session.remark("stopped; the export is not whole");
    return session.stop.exit_code();
  }
  if (!session.out.open()) return kDone;  // main tells why, if there is something to tell.
  if (!done) return session.complain(done.error());
  if (to_file) {
    if (const auto kept = file.keep(); !kept) return session.complain(kept.error());
    session.out.line(
        session.json ? JsonLine().number("lines", done->lines).number("bytes", done->bytes).done()
                     : "exported " + grouped(done->lines) + " runs, " + byte_text(done->bytes));
  }
  return kDone;
}

/// Where lines come from. A pipe may stay silent for as long as it likes: stop() ends the waiting.
class LineSource {
 public:
  LineSource(int descriptor, std::string name)
      : descriptor_(descriptor), stop_(::eventfd(0, EFD_CLOEXEC)), name_(std::move(name)) {}
  LineSource(const LineSource&) = delete;
  LineSource& operator=(const LineSource&) = delete;
  ~LineSource() {
    if (stop_ >= 0) ::close(stop_);
  }

  milepost::Result<std::size_t> read(char* buffer, std::size_t room) {
    while (true) {
      // Without an eventfd, which poll skips, only a second signal ends it.
      std::array<pollfd, 2> ready{{{descriptor_, POLLIN, 0}, {stop_, POLLIN, 0}}};
      if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR)
        return file_error(name_, "The file cannot be read", errno);
      if (ready[1].revents != 0)
        return milepost::Error{.code = milepost::Errc::cancelled, .message = "Stopped."};
      if (ready[0].revents == 0) continue;
      const auto got = ::read(descriptor_, buffer, room);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR && errno != EAGAIN)
        return file_error(name_, "The file cannot be read", errno);
    }
  }

  void stop() noexcept { ::eventfd_write(stop_, 1); }

 private:
  int descriptor_;
  int stop_;
  std::string name_;
};

int import_from(Session& session, milepost::Tracker& tracker, int descriptor,
                const std::string& name) {
  LineSource lines(descriptor, name);
  Progress progress(session.err, session.stop, "importing", [&lines] { lines.stop(); });
  const auto source = [&](char* buffer, std::size_t room) { return lines.read(buffer, room); };
  const auto done = tracker.import_runs(
      source,
      {.problem =
           [&](const milepost::ImportProblem& problem) {
             progress.clear();
             session.err.line(
                 session.json
                     ? JsonLine().number("line", problem.line).text("reason", problem.reason).done()
                     : "milepost: line " + std::to_string(problem.line) + ": " +
                           for_terminal(problem.reason));
             session.err.flush();
           },
       .progress =
           [&](const milepost::TransferProgress& so_far) {
             return progress(grouped(so_far.lines) + " lines, " + byte_text(so_far.bytes));
           }});
  progress.clear();
  if (session.stop.asked()) {
    session.remark("stopped; the same import again goes on where this one ended");
    return session.stop.exit_code();
  }
  if (!done) return session.complain(done.error());
  if (session.json) {
    session.out.line(JsonLine()
                         .number("lines", done->lines)
                         .number("created", done->created)
                         .number("unchanged", done->unchanged)
                         .number("refused", done->refused)
                         .done());
  } else {
    session.out.line("imported " + grouped(done->created) + " runs; " + grouped(done->unchanged) +
                     " were there already, " + grouped(done->refused) + " lines refused");
  }
  return done->refused == 0 ? kDone : kRefused;
}

int import_runs(Session& session, const ImportOptions& options) {
  const bool from_file = options.file != "-";
  const int descriptor =
      from_file ? ::open(options.file.c_str(), O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
  if (descriptor < 0)
    return session.complain(file_error(options.file, "The file cannot be opened", errno));
  auto tracker = session.open_to_write(options.init);
  const int code =
      tracker ? session.close(*tracker, import_from(session, *tracker, descriptor, options.file))
              : session.complain(tracker.error());
  if (from_file) ::close(descriptor);
  return code;
}

}  // namespace

void add_transfer_commands(Commands& commands) {
  const auto export_options = std::make_shared<ExportOptions>();
  CLI::App* app = commands.add(
      "export", "Writes every run as a line of JSON, while a host may write",
      "  milepost export --store runs runs.jsonl\n"
      "  milepost export --store runs | gzip > runs.jsonl.gz",
      [export_options](Session& session) { return export_runs(session, *export_options); });
  app->add_option("FILE", export_options->file,
                  "Where to; it appears when it is whole (default: stdout)")
      ->type_name("FILE");
  add_id(app, "--organization", export_options->organization, "Only this organization's");
  app->add_flag("--force", export_options->force, "Replace the file if it is there");

  const auto import_options = std::make_shared<ImportOptions>();
  app = commands.add(
      "import",
      "Imports lines such as export writes; a line again changes nothing. Exit 1 if "
      "a line was refused",
      "  milepost import --store copy --init runs.jsonl\n"
      "  zcat runs.jsonl.gz | milepost import --store runs",
      [import_options](Session& session) { return import_runs(session, *import_options); });
  app->add_option("FILE", import_options->file, "Where from (default: stdin)")->type_name("FILE");
  app->add_flag("--init", import_options->init, "Make the store if there is none");
}

}  // namespace cli
