// SPDX-License-Identifier: Apache-2.0
//
// Copying a store in use. LMDB writes its copy to a descriptor and asks nobody on the way; so it
// gets a pipe and a thread of its own, and whoever reads the pipe can tell how far it is and stop
// it. LMDB's own read transaction does not pass our gate, hence one of ours is held meanwhile.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <lmdb.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "lmdb/descriptor.hpp"
#include "lmdb/env.hpp"
#include "lmdb/errors.hpp"
#include "lmdb/identity.hpp"

namespace milepost::lmdb {
namespace {

constexpr std::size_t kCopyBufferBytes = 1u << 20;
constexpr std::chrono::milliseconds kHeadroomWait{100};

/// A reader that stops early ends the copy by a broken pipe, which must not end the process.
int copy_quietly(MDB_env* env, int fd, bool compact) noexcept {
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  return mdb_env_copyfd2(env, fd, compact ? MDB_CP_COMPACT : 0);
}

/// Writes all of it; an errno or 0.
int write_all(int fd, const char* from, std::size_t size) noexcept {
  while (size > 0) {
    const ::ssize_t written = ::write(fd, from, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return EIO;  // Nothing, and no reason: again would be for ever.
    from += written;
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

/// The thread of a copy. It closes the pipe's end when it is done.
std::thread start_copy(MDB_env* env, int& rc, Descriptor& in, bool compact) {
  std::thread copier([env, &rc, fd = in.get(), compact] {
    rc = copy_quietly(env, fd, compact);
    ::close(fd);
  });
  (void)in.release();
  return copier;
}

/// What came of moving the bytes from the pipe to the file.
struct Moved {
  std::uint64_t bytes = 0;
  int error = 0;  ///< An errno of the file.
  bool cancelled = false;
};

Moved move_bytes(int pipe, int file, const std::function<bool(std::uint64_t)>& go_on) {
  Moved moved;
  std::vector<char> buffer(kCopyBufferBytes);
  for (;;) {
    const ::ssize_t got = ::read(pipe, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) moved.error = errno;
    if (got <= 0) return moved;
    moved.error = write_all(file, buffer.data(), static_cast<std::size_t>(got));
    if (moved.error != 0) return moved;
    moved.bytes += static_cast<std::uint64_t>(got);
    if (go_on && !go_on(moved.bytes)) {
      moved.cancelled = true;
      return moved;
    }
  }
}

}  // namespace

void Env::make_headroom(std::optional<Deadline> deadline) {
  MDB_envinfo info{};
  {
    auto txn = begin_read(deadline);
    if (!txn) return;
    mdb_env_info(env_, &info);
  }
  const std::uint64_t used = (static_cast<std::uint64_t>(info.me_last_pgno) + 1) * page_size_;
  if (used * 2 <= info.me_mapsize || options_.read_only) return;
  // Everybody waits while the map waits for snapshots to end: a moment, for what is only wished
  // for.
  static_cast<void>(grow(
      std::min(deadline_or_default(deadline), std::chrono::steady_clock::now() + kHeadroomWait)));
}

Result<std::uint64_t> Env::copy_to(const std::string& file, bool compact,
                                   const std::function<bool(std::uint64_t)>& go_on) {
  auto txn = begin_read();
  if (!txn) return txn.error();
  const Descriptor target(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (target.get() < 0) return from_errno(errno, file, "make the copy");
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    const int number = errno;
    ::unlink(file.c_str());
    return from_errno(number, file, "make a pipe for the copy");
  }
  Descriptor out(ends[0]);
  Descriptor in(ends[1]);
  int rc = 0;
  std::thread copier;
  Moved moved;
  try {
    copier = start_copy(env_, rc, in, compact);
    moved = move_bytes(out.get(), target.get(), go_on);
  } catch (const std::system_error& e) {
    const bool started = copier.joinable();  // Then it is the hook's, which is passed on.
    out.close();
    if (started) copier.join();
    ::unlink(file.c_str());
    if (started) throw;
    return from_errno(e.code().value() == EAGAIN ? ENOMEM : e.code().value(), file,
                      "start a thread for the copy");
  } catch (...) {
    out.close();
    if (copier.joinable()) copier.join();
    ::unlink(file.c_str());
    throw;
  }
  out.close();
  copier.join();
  if (moved.error == 0 && !moved.cancelled && rc == 0 && ::fsync(target.get()) == 0) {
    return moved.bytes;
  }
  if (moved.error == 0 && !moved.cancelled && rc == 0) moved.error = errno;
  ::unlink(file.c_str());
  if (moved.cancelled) {
    return make_error(Errc::cancelled, file, "the copy was cancelled", "Nothing is left of it.");
  }
  if (moved.error != 0) return from_errno(moved.error, file, "write the copy");
  return from_lmdb(rc, Phase::read, folder_.path());
}

Result<void> Env::set_uuid(const std::array<std::byte, 16>& uuid) {
  auto meta = table(kMetaTable);
  if (!meta) return meta.error();
  Identity identity = identity_;
  identity.uuid = uuid;
  auto txn = begin_write();
  if (!txn) return txn.error();
  auto written = txn->put(*meta, as_bytes(kIdentityKey), encode_identity(identity));
  if (written) written = txn->commit();
  if (written) identity_ = identity;
  return written;
}

}  // namespace milepost::lmdb
