// SPDX-License-Identifier: Apache-2.0
//
// API keys: what is handed out, what the file holds and who may read it, and that a key that was
// revoked, has expired or never was is refused at once.
#include "milepost/http/keys.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "digest.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/runs.hpp"
#include "support/temp_directory.hpp"

namespace milepost::http {
namespace {

using test::at;
using test::code_of;
using test::id;
using test::ManualClock;
using test::ok;

Scopes scopes(std::string_view text) { return parse_scopes(text).value(); }

CreateKey wanted(std::uint64_t organization, std::string_view names = "journeys:read") {
  return {.organization_id = id(organization), .scopes = scopes(names)};
}

std::string contents(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void rewrite(const std::string& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

bool known(KeyRing& ring, const std::string& text) {
  const auto found = ring.find(text);
  REQUIRE(ok(found));
  return found->has_value();
}

struct Bed {
  test::TempDirectory folder;
  std::string file = folder / "keys";
  ManualClock clock{at("2026-01-01T00:00:00Z")};
  KeyStore store{file, clock};

  KeyRing ring() const { return KeyRing::open(file, clock).value(); }
};

TEST_CASE("SHA-256 is the one everybody knows", "[http][keys]") {
  Hasher hasher;
  Digest digest{};
  REQUIRE(hasher.sha256("abc", digest));
  CHECK(digest[0] == 0xba);
  CHECK(digest[31] == 0xad);
  REQUIRE(hasher.sha256("", digest));
  CHECK(digest[0] == 0xe3);
  CHECK(digest[31] == 0x55);
}

TEST_CASE("digests are equal only where all bytes are", "[http][keys]") {
  Digest a{};
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<std::uint8_t>(i * 7);
  CHECK(equal_mask(a, a) == ~std::uint64_t{0});
  for (std::size_t byte = 0; byte < a.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      Digest b = a;
      b[byte] = static_cast<std::uint8_t>(b[byte] ^ (1 << bit));
      CHECK(equal_mask(a, b) == 0);
    }
  }
}

TEST_CASE("a key is shown once, and the file holds its digest only", "[http][keys]") {
  Bed bed;
  const NewKey made = bed.store.create(wanted(1)).value();
  CHECK(made.text.size() == kKeyTextSize);
  CHECK(made.text.substr(0, kKeyPrefixSize) == "mpk_");
  CHECK(made.info.id.size() == kKeyIdSize);
  const std::string text = contents(bed.file);
  CHECK(text.find(made.text) == std::string::npos);
  CHECK(text.find(made.text.substr(kKeyPrefixSize, 12)) == std::string::npos);
  CHECK(text.find(made.info.id) != std::string::npos);
  struct stat status {};
  REQUIRE(::stat(bed.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  KeyRing ring = bed.ring();
  const auto found = ring.find(made.text).value();
  REQUIRE(found.has_value());
  CHECK(*found->info == made.info);
  CHECK(bed.store.list().value() == std::vector<KeyInfo>{made.info});
}

TEST_CASE("the file is 0600 whatever the umask says", "[http][keys]") {
  Bed bed;
  const mode_t before = ::umask(0);
  REQUIRE(ok(bed.store.create(wanted(1))));
  ::umask(0777);
  REQUIRE(ok(bed.store.create(wanted(2))));
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat(bed.file.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("no two keys are alike", "[http][keys]") {
  Bed bed;
  std::set<std::string> texts;
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < 100; ++i) {
    const NewKey made = bed.store.create(wanted(i)).value();
    texts.insert(made.text);
    ids.insert(made.info.id);
  }
  CHECK(texts.size() == 100);
  CHECK(ids.size() == 100);
}

TEST_CASE("what is not exactly a key is unknown", "[http][keys]") {
  Bed bed;
  const std::string key = bed.store.create(wanted(1)).value().text;
  KeyRing ring = bed.ring();
  CHECK(known(ring, key));
  std::vector<std::string> wrong = {"",
                                    "mpk_",
                                    key + "A",
                                    key.substr(1),
                                    " " + key,
                                    key + " ",
                                    key + std::string(1, '\0'),
                                    std::string(256, 'x'),
                                    std::string(257, 'x'),
                                    std::string(100'000, 'x')};
  for (std::size_t i = 0; i < key.size(); ++i) {
    std::string other = key;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    wrong.push_back(other);
  }
  for (const std::string& text : wrong) CHECK_FALSE(known(ring, text));
  CHECK(known(ring, key));
}

TEST_CASE("a key that was revoked is unknown to the next question", "[http][keys]") {
  Bed bed;
  const NewKey first = bed.store.create(wanted(1)).value();
  const NewKey second = bed.store.create(wanted(1)).value();
  KeyRing ring = bed.ring();
  CHECK(known(ring, first.text));
  CHECK(known(ring, second.text));
  CHECK(bed.store.revoke(first.info.id).value() == first.info);
  CHECK_FALSE(known(ring, first.text));
  CHECK(known(ring, second.text));
  CHECK(code_of(bed.store.revoke(first.info.id)) == Errc::not_found);
  CHECK(code_of(bed.store.revoke("")) == Errc::not_found);
}

TEST_CASE("every version of the file is noticed, however fast they follow", "[http][keys]") {
  Bed bed;
  KeyRing ring = [&] {
    REQUIRE(ok(bed.store.create(wanted(999))));
    return bed.ring();
  }();
  for (std::uint64_t i = 0; i < 200; ++i) {
    const NewKey made = bed.store.create(wanted(1)).value();
    REQUIRE(known(ring, made.text));
    REQUIRE(ok(bed.store.revoke(made.info.id)));
    REQUIRE_FALSE(known(ring, made.text));
  }
}

TEST_CASE("every version of the file is younger than the one before, whatever the clock says",
          "[http][keys]") {
  Bed bed;
  REQUIRE(ok(bed.store.create(wanted(1))));
  const auto future = std::filesystem::file_time_type::clock::now() + std::chrono::hours(1);
  std::filesystem::last_write_time(bed.file, future);
  const auto before = std::filesystem::last_write_time(bed.file);
  REQUIRE(ok(bed.store.create(wanted(2))));
  CHECK(std::filesystem::last_write_time(bed.file) == before + std::chrono::nanoseconds(1));
}

TEST_CASE("a key is good until the instant it expires", "[http][keys]") {
  Bed bed;
  CreateKey request = wanted(1);
  request.expires_at = at("2026-01-01T00:00:10Z");
  const NewKey made = bed.store.create(request).value();
  KeyRing ring = bed.ring();
  bed.clock.set(at("2026-01-01T00:00:09.999999Z"));
  CHECK(known(ring, made.text));
  bed.clock.set(at("2026-01-01T00:00:10Z"));
  CHECK_FALSE(known(ring, made.text));
  CHECK(bed.store.list().value().size() == 1);
  CHECK(code_of(bed.store.create(request)) == Errc::invalid_argument);
  CHECK(code_of(bed.store.rotate(made.info.id)) == Errc::not_found);
}

TEST_CASE("an organization has two active keys with the same scopes, not three", "[http][keys]") {
  Bed bed;
  const NewKey first = bed.store.create(wanted(1)).value();
  REQUIRE(ok(bed.store.create(wanted(1))));
  CHECK(code_of(bed.store.create(wanted(1))) == Errc::invalid_argument);
  CHECK(bed.store.list().value().size() == kActiveKeysMax);
  CHECK(ok(bed.store.create(wanted(1, "metrics:read"))));
  CHECK(ok(bed.store.create(wanted(2))));
  REQUIRE(ok(bed.store.revoke(first.info.id)));
  CHECK(ok(bed.store.create(wanted(1))));
}

TEST_CASE("rotating leaves both keys good for the grace, then the new one", "[http][keys]") {
  Bed bed;
  const NewKey old = bed.store.create(wanted(1, "journeys:read,metrics:read")).value();
  const NewKey fresh = bed.store.rotate(old.info.id, std::chrono::seconds(60)).value();
  CHECK(fresh.text != old.text);
  CHECK(fresh.info.organization_id == old.info.organization_id);
  CHECK(fresh.info.scopes == old.info.scopes);
  CHECK_FALSE(fresh.info.expires_at.has_value());
  KeyRing ring = bed.ring();
  CHECK(known(ring, old.text));
  CHECK(known(ring, fresh.text));
  CHECK(code_of(bed.store.rotate(fresh.info.id)) == Errc::invalid_argument);
  bed.clock.step(std::chrono::seconds(60));
  CHECK_FALSE(known(ring, old.text));
  CHECK(known(ring, fresh.text));
  const NewKey third = bed.store.rotate(fresh.info.id, std::chrono::seconds(0)).value();
  CHECK_FALSE(known(ring, fresh.text));
  CHECK(known(ring, third.text));
  CHECK(code_of(bed.store.rotate(third.info.id, std::chrono::seconds(-1))) ==
        Errc::invalid_argument);
}

TEST_CASE("a file that others may read or change is refused", "[http][keys]") {
  Bed bed;
  const NewKey made = bed.store.create(wanted(1)).value();
  KeyRing ring = bed.ring();
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0666U, 0700U, 0610U, 0601U}) {
    REQUIRE(::chmod(bed.file.c_str(), mode) == 0);
    CHECK(code_of(KeyRing::open(bed.file)) == Errc::permission);
    CHECK(code_of(bed.store.list()) == Errc::permission);
    CHECK(code_of(bed.store.create(wanted(1))) == Errc::permission);
    CHECK(code_of(bed.store.revoke(made.info.id)) == Errc::permission);
    // A server that was up already lets nobody in any more.
    CHECK(code_of(ring.find(made.text)) == Errc::permission);
    REQUIRE(::chmod(bed.file.c_str(), 0600) == 0);
    CHECK(known(ring, made.text));
  }
}

TEST_CASE("links, folders and pipes are no key files", "[http][keys]") {
  Bed bed;
  const NewKey made = bed.store.create(wanted(1)).value();
  const std::string link = bed.folder / "link";
  REQUIRE(::symlink(bed.file.c_str(), link.c_str()) == 0);
  CHECK(code_of(KeyRing::open(link)) == Errc::permission);
  CHECK(code_of(KeyRing::open(bed.folder.path().string())) == Errc::permission);
  const std::string pipe = bed.folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK(code_of(KeyRing::open(pipe)) == Errc::permission);
  const std::string second = bed.folder / "second";
  REQUIRE(::link(bed.file.c_str(), second.c_str()) == 0);
  CHECK(code_of(KeyRing::open(bed.file)) == Errc::permission);
  REQUIRE(::unlink(second.c_str()) == 0);
  KeyRing ring = bed.ring();
  CHECK(known(ring, made.text));
  REQUIRE(::unlink(bed.file.c_str()) == 0);
  CHECK(code_of(ring.find(made.text)) == Errc::not_found);
  CHECK(code_of(KeyRing::open(bed.file)) == Errc::not_found);
  CHECK(code_of(bed.store.list()) == Errc::not_found);
}

TEST_CASE("a key file is understood wholly or not at all", "[http][keys]") {
  Bed bed;
  REQUIRE(ok(bed.store.create(wanted(1))));
  const std::string good = contents(bed.file);
  const std::size_t line = good.find('\n') + 1;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  std::string many = good.substr(0, line);
  for (std::size_t i = 0; i <= kKeysMax; ++i) many += good.substr(line);
  const std::vector<std::string> bad = {"",
                                        "\n",
                                        "x",
                                        good.substr(0, good.size() - 1),
                                        good + "\n",
                                        good + "x\n",
                                        good.substr(line),
                                        with("journeys:read", "journeys:write"),
                                        with("journeys:read", ""),
                                        with(" -\n", "\n"),
                                        with(" -\n", " -\r\n"),
                                        with(" -\n", " - \n"),
                                        with(" -\n", " - x\n"),
                                        with("2026", "1026"),
                                        with(" -\n", " 2026-02-30T00:00:00Z\n"),
                                        good.substr(0, line) + good.substr(line + 1),
                                        many,
                                        std::string(kKeyFileSizeMax + 1, 'x')};
  for (const std::string& text : bad) {
    rewrite(bed.file, text);
    INFO(text.substr(0, 300));
    CHECK(code_of(KeyRing::open(bed.file)) == Errc::corrupt);
    CHECK(code_of(bed.store.create(wanted(1))) == Errc::corrupt);
    CHECK(contents(bed.file) == text);
  }
  rewrite(bed.file, with("keys 1", "keys 2"));
  CHECK(code_of(KeyRing::open(bed.file)) == Errc::version);
  rewrite(bed.file, good);
  CHECK(ok(KeyRing::open(bed.file)));
}

TEST_CASE("scopes are names with commas between them", "[http][keys]") {
  CHECK(to_string(scopes("metrics:read,journeys:read")) == "journeys:read,metrics:read");
  CHECK(scopes("journeys:read").has(Scope::journeys_read));
  CHECK_FALSE(scopes("journeys:read").has(Scope::metrics_read));
  for (const char* bad : {"", ",", "journeys:read,", ",journeys:read", "Journeys:read", "journeys",
                          "journeys:read metrics:read", "*"}) {
    CHECK(code_of(parse_scopes(bad)) == Errc::invalid_argument);
  }
  CHECK(code_of(Bed().store.create({.organization_id = id(1)})) == Errc::invalid_argument);
}

TEST_CASE("processes that change keys at once lose none", "[http][keys]") {
  Bed bed;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 8; ++t) {
    threads.emplace_back([&bed, t] {
      KeyStore store(bed.file);
      for (std::uint64_t i = 0; i < 20; ++i) store.create(wanted(100 * t + i)).value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(bed.store.list().value().size() == 160);
}

TEST_CASE("what a killed writer left behind does not get in the way", "[http][keys]") {
  Bed bed;
  rewrite(bed.file + ".new", "half");
  const NewKey made = bed.store.create(wanted(1)).value();
  KeyRing ring = bed.ring();
  CHECK(known(ring, made.text));
  CHECK(::access((bed.file + ".new").c_str(), F_OK) != 0);
}

}  // namespace
}  // namespace milepost::http
