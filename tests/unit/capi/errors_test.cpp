// SPDX-License-Identifier: Apache-2.0
//
// Errors as milepost_error, and guard.
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

#include "capi/guard.hpp"
#include "capi/log_hook.hpp"
#include "support/catch.hpp"
#include "support/threads.hpp"

namespace milepost::capi {
namespace {

milepost_error dirty() {
  milepost_error err;
  std::memset(&err, 0xee, sizeof err);
  err.struct_size = sizeof err;
  return err;
}

std::string message_of(const Error& error) {
  milepost_error err = dirty();
  CHECK(fail(&err, error) == static_cast<milepost_status>(error.code));
  return err.message;
}

TEST_CASE("an error says what it is about, what was wrong, and what to do", "[capi][errors]") {
  milepost_error err = dirty();
  const Error error{.code = Errc::disk_full,
                    .system = 28,
                    .applied = Applied::unknown,
                    .retry_safe = true,
                    .subject = "/runs",
                    .message = "No space is left.",
                    .advice = "Free some."};
  CHECK(fail(&err, error) == MILEPOST_E_DISK_FULL);
  CHECK(err.code == MILEPOST_E_DISK_FULL);
  CHECK(err.system == 28);
  CHECK(err.applied == MILEPOST_APPLIED_UNKNOWN);
  CHECK(err.retry_safe == 1);
  CHECK((err.reserved[0] == 0 && err.reserved[1] == 0));
  CHECK(std::string(err.message) == "/runs: No space is left. Free some.");
  CHECK(succeed(&err) == MILEPOST_OK);
  CHECK((err.code == 0 && err.system == 0 && err.applied == 0 && err.retry_safe == 0));
  CHECK(err.message[0] == '\0');
  CHECK(fail(nullptr, error) == MILEPOST_E_DISK_FULL);
  CHECK(succeed(nullptr) == MILEPOST_OK);
}

TEST_CASE("parts that are missing leave no marks", "[capi][errors]") {
  CHECK(message_of({.code = Errc::io}).empty());
  CHECK(message_of({.code = Errc::out_of_memory}) == "Memory ran out.");
  CHECK(message_of({.code = Errc::io, .message = "M."}) == "M.");
  CHECK(message_of({.code = Errc::io, .subject = "S"}) == "S");
  CHECK(message_of({.code = Errc::io, .subject = "S", .advice = "A."}) == "S A.");
}

TEST_CASE("a message is one line of UTF-8, whatever it quotes", "[capi][errors]") {
  CHECK(message_of({.code = Errc::io, .message = "a\nb\x7f\tc"}) == "a\\x0ab\\x7f\\x09c");
  CHECK(message_of({.code = Errc::io, .message = std::string("a\0b", 3)}) == "a\\x00b");
  CHECK(message_of({.code = Errc::io, .message = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"}) ==
        "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(message_of({.code = Errc::io, .message = "\xff"}) == "\\xff");
  CHECK(message_of({.code = Errc::io, .message = "\xc0\xaf"}) == "\\xc0\\xaf");
  CHECK(message_of({.code = Errc::io, .message = "\xed\xa0\x80"}) == "\\xed\\xa0\\x80");
  CHECK(message_of({.code = Errc::io, .message = "\xf4\x90\x80\x80"}) == "\\xf4\\x90\\x80\\x80");
  CHECK(message_of({.code = Errc::io, .message = "\xe2\x82"}) == "\\xe2\\x82");
}

TEST_CASE("a long message is cut at a code point", "[capi][errors]") {
  constexpr std::size_t kRoom = sizeof(milepost_error{}.message) - 1;
  CHECK(message_of({.code = Errc::io, .message = std::string(kRoom, 'x')}).size() == kRoom);
  CHECK(message_of({.code = Errc::io, .message = std::string(kRoom + 1, 'x')}).size() == kRoom);
  for (std::size_t before = kRoom - 4; before <= kRoom; ++before) {
    const std::string text = std::string(before, 'x') + "\xe2\x82\xac" + "y";
    const std::string message = message_of({.code = Errc::io, .message = text});
    CHECK(message == (before + 3 <= kRoom ? text.substr(0, std::min(kRoom, text.size()))
                                          : std::string(before, 'x')));
  }
}

TEST_CASE("guard lets nothing through", "[capi][errors]") {
  milepost_error err = dirty();
  CHECK(guard(&err, []() -> Result<void> { return {}; }) == MILEPOST_OK);
  CHECK(guard(&err, []() -> Result<void> { return Error{.code = Errc::busy}; }) == MILEPOST_E_BUSY);
  CHECK(guard(&err, []() -> Result<void> { throw std::bad_alloc(); }) == MILEPOST_E_OUT_OF_MEMORY);
  CHECK((err.applied == MILEPOST_APPLIED_NO && err.retry_safe == 1));
  CHECK(guard(&err, [] { return as_command([]() -> Result<void> { throw std::bad_alloc(); }); }) ==
        MILEPOST_E_OUT_OF_MEMORY);
  CHECK((err.applied == MILEPOST_APPLIED_UNKNOWN && err.retry_safe == 0));
  CHECK(err.message[0] != '\0');
  CHECK(guard(&err, []() -> Result<void> { throw std::runtime_error("what it said"); }) ==
        MILEPOST_E_INTERNAL);
  CHECK(std::string(err.message) == "what it said");
  CHECK(guard(&err, []() -> Result<void> { throw 7; }) == MILEPOST_E_INTERNAL);
  CHECK(guard(nullptr, []() -> Result<void> { throw 7; }) == MILEPOST_E_INTERNAL);
}

TEST_CASE("a thread in a hook is known, others are not", "[capi][errors][concurrency]") {
  HookThreads threads;
  CHECK_FALSE(threads.has_this_thread());
  const auto alone = std::make_unique<HookThreads::Entry>(threads);
  CHECK(threads.has_this_thread());
  test::Threads others;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 100; ++i) {  // more than there are places
    others.start([&] {
      if (threads.has_this_thread()) ++wrong;
      const HookThreads::Entry entry(threads);
      if (!threads.has_this_thread()) ++wrong;
    });
  }
  others.join();
  CHECK(wrong == 0);
  CHECK(threads.has_this_thread());
}

TEST_CASE("a thread is still in the outer hook when the inner one ends", "[capi][errors]") {
  HookThreads threads;
  {
    const HookThreads::Entry outer(threads);
    { const HookThreads::Entry inner(threads); }
    CHECK(threads.has_this_thread());
  }
  CHECK_FALSE(threads.has_this_thread());
}

}  // namespace
}  // namespace milepost::capi
