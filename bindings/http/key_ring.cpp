// SPDX-License-Identifier: Apache-2.0
//
// Checking keys: one stat a question, one hash, and a comparison with every key there is.
#include <cerrno>
#include <cstring>
#include <utility>

#include "key_file.hpp"

namespace milepost::http {

class KeyRing::Impl {
 public:
  Impl(std::string file, std::function<Instant()> clock)
      : file_(std::move(file)), clock_(std::move(clock)) {}

  /// Reads the file if it is not the one read last. What cannot be trusted is forgotten.
  Result<void> refresh() {
    struct stat status {};
    const bool there = ::lstat(file_.c_str(), &status) == 0;
    if (there && read_ && version_of(status) == keys_.version) return {};
    read_ = false;
    auto file = read_key_file(file_);
    if (!file) {
      keys_ = {};
      return file.error();
    }
    keys_ = std::move(*file);
    read_ = true;
    ++generation_;
    return {};
  }

  Result<std::optional<Known>> find(std::string_view text) {
    if (auto fresh = refresh(); !fresh) return fresh.error();
    if (text.size() > kKeyTextSizeMax) return std::optional<Known>{};
    Digest digest{};
    if (!hasher_.sha256(text, digest)) {
      return Error{.code = Errc::internal,
                   .message = "OpenSSL computes no digest.",
                   .advice = "See that the system's OpenSSL works."};
    }
    std::uint64_t found = 0;  // one past the place of the key that fits
    for (std::size_t i = 0; i < keys_.keys.size(); ++i) {
      found |= equal_mask(digest, keys_.keys[i].digest) & (i + 1);
    }
    if (found == 0) return std::optional<Known>{};
    const KeyInfo& info = keys_.keys[found - 1].info;
    if (info.expired(now())) return std::optional<Known>{};
    return std::optional<Known>{Known{&info, found - 1, generation_}};
  }

 private:
  [[nodiscard]] Instant now() const {
    if (clock_) return clock_();
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }

  std::string file_;
  std::function<Instant()> clock_;
  Hasher hasher_;
  KeyFile keys_;
  bool read_ = false;
  std::uint64_t generation_ = 0;
};

KeyRing::KeyRing(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
KeyRing::KeyRing(KeyRing&&) noexcept = default;
KeyRing& KeyRing::operator=(KeyRing&&) noexcept = default;
KeyRing::~KeyRing() = default;

Result<KeyRing> KeyRing::open(std::string file, std::function<Instant()> clock) {
  auto impl = std::make_unique<Impl>(std::move(file), std::move(clock));
  if (auto read = impl->refresh(); !read) return read.error();
  return KeyRing(std::move(impl));
}

Result<std::optional<KeyRing::Known>> KeyRing::find(std::string_view text) {
  return impl_->find(text);
}

}  // namespace milepost::http
