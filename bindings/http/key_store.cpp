// SPDX-License-Identifier: Apache-2.0
//
// Handing keys out: read under the lock, change the list, write it anew.
#include <algorithm>
#include <utility>

#include "key_file.hpp"

namespace milepost::http {
namespace {

constexpr std::string_view kPrefix = "mpk_";
static_assert(kPrefix.size() == kKeyPrefixSize);
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::chrono::seconds kGraceMax{366 * 86'400};

Error no_random_numbers() {
  return {.code = Errc::internal,
          .message = "OpenSSL yields no random numbers or digests.",
          .advice = "See that the system's OpenSSL works, e.g. with `openssl rand -hex 8`."};
}

Error no_such_key(std::string_view id) {
  return {.code = Errc::not_found,
          .subject = std::string(id.substr(0, 64)),
          .message = "There is no active key of that id.",
          .advice = "List the keys; ids are the 16 hex digits shown there."};
}

std::string base64url(const Digest& bytes) {
  std::string text;
  unsigned held = 0;
  unsigned bits = 0;
  for (const std::uint8_t byte : bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 6; bits -= 6) text += kBase64Url[(held >> (bits - 6)) & 63];
  }
  if (bits > 0) text += kBase64Url[(held << (6 - bits)) & 63];
  return text;
}

/// A fresh key and what is stored of it. The id is random, too: it tells nothing of the key.
Result<std::pair<NewKey, StoredKey>> make_key(const CreateKey& wanted, Instant now) {
  Digest secret{};
  Digest name{};
  StoredKey stored;
  NewKey made;
  Hasher hasher;
  if (!random_bytes(secret) || !random_bytes(name)) return no_random_numbers();
  made.text = std::string(kPrefix) + base64url(secret);
  if (!hasher.sha256(made.text, stored.digest)) return no_random_numbers();
  for (std::size_t i = 0; i < kKeyIdSize; ++i) made.info.id += "0123456789abcdef"[name[i] & 15];
  made.info.organization_id = wanted.organization_id;
  made.info.scopes = wanted.scopes;
  made.info.created_at = now;
  made.info.expires_at = wanted.expires_at;
  stored.info = made.info;
  return std::pair{std::move(made), std::move(stored)};
}

Result<void> check_room(const std::vector<StoredKey>& keys, const CreateKey& wanted, Instant now) {
  if (keys.size() >= kKeysMax) {
    return Error{.code = Errc::invalid_argument,
                 .message = "The key file holds as many keys as it may.",
                 .advice = "Revoke keys that are no longer used."};
  }
  const auto active = std::count_if(keys.begin(), keys.end(), [&](const StoredKey& key) {
    return key.info.organization_id == wanted.organization_id && key.info.scopes == wanted.scopes &&
           !key.info.expired(now);
  });
  if (static_cast<std::size_t>(active) < kActiveKeysMax) return {};
  return Error{.code = Errc::invalid_argument,
               .subject = milepost::to_string(wanted.organization_id),
               .message = "Two keys of this organization with these scopes are active already.",
               .advice = "Revoke the one that is no longer used, or wait until it expires."};
}

Result<void> check_wanted(const CreateKey& wanted, Instant now) {
  if (wanted.scopes.empty()) {
    return Error{.code = Errc::invalid_argument,
                 .message = "A key without a scope would allow nothing.",
                 .advice = "Give it journeys:read, metrics:read, or both."};
  }
  if (auto text = milepost::to_string(now); !text) return text.error();
  if (!wanted.expires_at) return {};
  auto text = milepost::to_string(*wanted.expires_at);
  if (!text) return text.error();
  if (*wanted.expires_at > now) return {};
  return Error{.code = Errc::invalid_argument,
               .subject = std::move(*text),
               .message = "The key would have expired already.",
               .advice = "Name an expiry in the future, or none."};
}

}  // namespace

KeyStore::KeyStore(std::string file, std::function<Instant()> clock)
    : file_(std::move(file)), clock_(std::move(clock)) {}

Instant KeyStore::now() const {
  if (clock_) return clock_();
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

Result<NewKey> KeyStore::create(const CreateKey& wanted) {
  const Instant created = now();
  if (auto good = check_wanted(wanted, created); !good) return good.error();
  auto lock = FolderLock::take(file_);
  if (!lock) return lock.error();
  KeyFile file;
  bool exists = true;
  if (auto read = read_key_file(file_)) {
    file = std::move(*read);
  } else if (read.error().code == Errc::not_found) {
    exists = false;
  } else {
    return read.error();
  }
  if (auto room = check_room(file.keys, wanted, created); !room) return room.error();
  auto made = make_key(wanted, created);
  if (!made) return made.error();
  file.keys.push_back(std::move(made->second));
  auto written = write_key_file(file_, file.keys, exists ? &file.version : nullptr);
  if (!written) return written.error();
  return std::move(made->first);
}

Result<std::vector<KeyInfo>> KeyStore::list() const {
  auto file = read_key_file(file_);
  if (!file) return file.error();
  std::vector<KeyInfo> infos;
  infos.reserve(file->keys.size());
  for (StoredKey& key : file->keys) infos.push_back(std::move(key.info));
  return infos;
}

Result<KeyInfo> KeyStore::revoke(std::string_view id) {
  auto lock = FolderLock::take(file_);
  if (!lock) return lock.error();
  auto file = read_key_file(file_);
  if (!file) return file.error();
  const auto found = std::find_if(file->keys.begin(), file->keys.end(),
                                  [&](const StoredKey& key) { return key.info.id == id; });
  if (found == file->keys.end()) return no_such_key(id);
  KeyInfo info = found->info;
  file->keys.erase(found);
  auto written = write_key_file(file_, file->keys, &file->version);
  if (!written) return written.error();
  return info;
}

Result<NewKey> KeyStore::rotate(std::string_view id, std::chrono::seconds grace) {
  const Instant rotated = now();
  if (auto text = milepost::to_string(rotated + kGraceMax); !text) return text.error();
  if (grace < std::chrono::seconds{0} || grace > kGraceMax) {
    return Error{.code = Errc::invalid_argument,
                 .subject = std::to_string(grace.count()),
                 .message = "A rotated key may go on working for at most 366 days.",
                 .advice = "Name a grace of 0 seconds to 366 days."};
  }
  auto lock = FolderLock::take(file_);
  if (!lock) return lock.error();
  auto file = read_key_file(file_);
  if (!file) return file.error();
  const auto old = std::find_if(file->keys.begin(), file->keys.end(), [&](const StoredKey& key) {
    return key.info.id == id && !key.info.expired(rotated);
  });
  if (old == file->keys.end()) return no_such_key(id);
  CreateKey wanted{.organization_id = old->info.organization_id, .scopes = old->info.scopes};
  const Instant end = rotated + grace;
  if (!old->info.expires_at || *old->info.expires_at > end) old->info.expires_at = end;
  // After the old one was shortened: without grace it makes room for the new one.
  if (auto room = check_room(file->keys, wanted, rotated); !room) return room.error();
  auto made = make_key(wanted, rotated);
  if (!made) return made.error();
  file->keys.push_back(std::move(made->second));
  auto written = write_key_file(file_, file->keys, &file->version);
  if (!written) return written.error();
  return std::move(made->first);
}

}  // namespace milepost::http
