// SPDX-License-Identifier: Apache-2.0
//
// A copy under a temporary name, and back: verified, given an id of its own, put in its place.
#include "store/backup.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

#include "lmdb/descriptor.hpp"
#include "lmdb/folder.hpp"
#include "lmdb/private_file.hpp"
#include "lmdb/writer_lock.hpp"
#include "store/batch_writer.hpp"
#include "store/directories.hpp"
#include "store/open.hpp"
#include "store/verify_store.hpp"

namespace milepost::store {
namespace {

constexpr std::size_t kCopyBytes = 1u << 20;

Error copy_error(int number, const std::string& file) {
  const bool full = number == ENOSPC || number == EDQUOT;
  return Error{.code = full ? Errc::disk_full : Errc::io,
               .system = number,
               .subject = file,
               .message = std::string("The file cannot be copied: ") + std::strerror(number) + ".",
               .advice = "Check the disk, then try again; nothing was changed."};
}

/// Copies a file that nobody writes to, and syncs the copy.
Result<std::uint64_t> copy_file(const std::string& from, const std::string& to,
                                const CopyProgressHook& go_on) {
  std::vector<char> buffer(kCopyBytes);
  const lmdb::Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const int in = source.get();
  if (in < 0) return copy_error(errno, from);
  const lmdb::Descriptor target(
      ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const int out = target.get();
  int number = out < 0 ? errno : 0;
  std::uint64_t copied = 0;
  bool cancelled = false;
  while (number == 0 && !cancelled) {
    const ::ssize_t got = ::read(in, buffer.data(), buffer.size());
    if (got == 0) break;
    if (got < 0) {
      if (errno != EINTR) number = errno;
      continue;
    }
    for (::ssize_t done = 0; done < got && number == 0;) {
      const ::ssize_t written =
          ::write(out, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (written < 0 && errno != EINTR) number = errno;
      if (written == 0) number = EIO;  // Nothing, and no reason: again would be for ever.
      if (written > 0) done += written;
    }
    copied += static_cast<std::uint64_t>(got);
    cancelled = go_on && !go_on(copied);
  }
  if (number == 0 && !cancelled && ::fsync(out) != 0) number = errno;
  if (number != 0) return copy_error(number, to);
  if (!cancelled) return copied;
  return Error{.code = Errc::cancelled,
               .subject = to,
               .message = "The restore was cancelled.",
               .advice = "Nothing was changed."};
}

Result<void> check_backup(const VerifyReport& report, const std::string& backup) {
  if (!report.sound()) {
    const Finding& first = report.findings.front();
    return Error{.code = Errc::corrupt,
                 .subject = backup,
                 .message = "The backup is damaged: " + std::to_string(report.findings_count) +
                            " findings, the first " + first.kind + " in " + first.where + ": " +
                            first.text,
                 .advice = "Take another backup, or repair a copy of this one."};
  }
  if (report.journaled > 0) {
    return Error{
        .code = Errc::invalid_argument,
        .subject = backup,
        .message = "This is no backup but a store that was not closed: its journal holds " +
                   std::to_string(report.journaled) + " effects.",
        .advice = "Open it for writing and close it, then restore it."};
  }
  return {};
}

/// The last effect that a copy holds. Only the copy can tell: LMDB begins a transaction of its own
/// for it, and the applier may commit before that.
Result<std::uint64_t> sequence_of_copy(const std::string& file) {
  auto value = lmdb::read_private_file(file, lmdb::kMetaTable, kMetaApplied);
  if (!value) return value.error();
  std::uint64_t sequence = 0;
  if (value->size() == sizeof sequence) std::memcpy(&sequence, value->data(), sizeof sequence);
  return sequence;
}

/// Gives the copy in `directory` an id and an epoch of its own; yields the id.
Result<Uuid> make_own(const std::string& directory) {
  auto env = lmdb::Env::open(env_options({.directory = directory, .create = false}));
  if (!env) return env.error();
  auto stored = StoredRuns::make(**env);
  if (!stored) return stored.error();
  auto epoch = stored->epoch();
  if (!epoch) return epoch.error();
  auto writer = BatchWriter::make(**env, 0);
  if (!writer) return writer.error();
  if (auto noted = writer->set_epoch(*epoch + 1); !noted) return noted.error();
  if (auto renamed = (*env)->set_uuid(random_store_id()); !renamed) return renamed.error();
  const Uuid id = store_id(**env);
  if (auto closed = (*env)->close(); !closed) return closed.error();
  for (const auto name : {lmdb::kLockFile, lmdb::kWriterLockFile}) {
    ::unlink((directory + "/" + std::string(name)).c_str());
  }
  return id;
}

/// What keeps others from opening the store that is to be replaced.
struct Held {
  lmdb::Folder folder;
  lmdb::Claim claim;
  lmdb::WriterLock lock;
};

Result<Held> hold_store(const std::string& directory) {
  Held held;
  auto folder = lmdb::Folder::open(directory, false);
  if (!folder) return folder.error();
  held.folder = std::move(*folder);
  auto data = held.folder.look_at(lmdb::kDataFile);
  if (!data) return data.error();
  auto claim = lmdb::Claim::take(held.folder.path(), held.folder.id(),
                                 *data ? std::optional((*data)->id) : std::nullopt);
  if (!claim) return claim.error();
  held.claim = std::move(*claim);
  auto lock = lmdb::WriterLock::acquire(held.folder.fd(), held.folder.path());
  if (!lock) return lock.error();
  held.lock = std::move(*lock);
  return held;
}

}  // namespace

Result<BackupReport> copy_store(lmdb::Env& env, const std::string& to,
                                const BackupOptions& options) {
  if (auto absent = check_absent(to); !absent) return absent.error();
  auto directory = NewDirectory::make(to, "backup");
  if (!directory) return directory.error();
  env.make_headroom(options.deadline);
  const std::string copy = data_file_in(directory->path());
  auto bytes = env.copy_to(copy, options.compact, options.progress);
  if (!bytes) return bytes.error();
  auto sequence = sequence_of_copy(copy);
  if (!sequence) return sequence.error();
  if (auto placed = directory->put_in_place(); !placed) return placed.error();
  return BackupReport{.bytes = *bytes, .sequence = *sequence};
}

Result<RestoreReport> restore_store(const std::string& backup, const std::string& directory,
                                    const RestoreOptions& options) {
  std::optional<Held> held;
  const auto absent = check_absent(directory);
  if (!absent) {
    if (!options.replace || absent.error().code != Errc::invalid_argument) return absent.error();
    if (auto room = check_absent(directory + ".replaced"); !room) return room.error();
    auto taken = hold_store(directory);
    if (!taken) return taken.error();
    held.emplace(std::move(*taken));
  }
  auto verified = verify_closed_store(backup, {});
  if (!verified) return verified.error();
  if (auto good = check_backup(*verified, backup); !good) return good.error();
  auto restored = NewDirectory::make(directory, "restore");
  if (!restored) return restored.error();
  auto bytes = copy_file(data_file_in(backup), data_file_in(restored->path()), options.progress);
  if (!bytes) return bytes.error();
  auto id = make_own(restored->path());
  if (!id) return NewDirectory::unfinished(id.error());
  if (held) {
    if (auto moved = move_directory(directory, directory + ".replaced"); !moved)
      return moved.error();
  }
  if (auto placed = restored->put_in_place(); !placed) {
    // The old store goes back to where it was; if even that fails, the error names where it is.
    if (held) (void)move_directory(directory + ".replaced", directory);
    return placed.error();
  }
  return RestoreReport{
      .bytes = *bytes, .runs = verified->runs, .sequence = verified->sequence, .store_id = *id};
}

}  // namespace milepost::store
