// SPDX-License-Identifier: Apache-2.0
//
// Eight journeys, a pool of profiles three quarters the size of the sample, one trigger in ten for
// one of two organizations, one in twenty without a time. Only arithmetic that the C++ standard
// fixes is used: its distributions differ between libraries.
#include "sample_triggers.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

#include "stop.hpp"

#include "milepost/run.hpp"

namespace sample {
namespace {

// Spreads neighbouring numbers over all 64 bits.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The `number`th id of a kind: well-formed version 4, made from arithmetic.
milepost::Uuid made_up_id(std::uint64_t kind, std::uint64_t number) {
  milepost::Uuid id{};
  const std::array<std::uint64_t, 2> halves = {mix(mix(kind) ^ number), mix(mix(~kind) ^ number)};
  std::memcpy(id.data, halves.data(), sizeof id.data);
  id.data[6] = static_cast<std::uint8_t>((id.data[6] & 0x0f) | 0x40);
  id.data[8] = static_cast<std::uint8_t>((id.data[8] & 0x3f) | 0x80);
  return id;
}

enum class Kind : std::uint64_t { journey = 1, profile = 2, organization = 3 };

constexpr std::uint64_t kJourneys = 8;
constexpr std::uint64_t kOrganizations = 2;
// 2023-11-07T05:31:56Z, the instant of the first trigger.
constexpr milepost::Instant kFirst{std::chrono::seconds(1'699'335'116)};

class SampleLines final : public LineSource {
 public:
  SampleLines(std::uint64_t seed, std::uint64_t count)
      : seed_(seed), count_(count), random_(seed) {}

  milepost::Result<std::optional<Line>> next() override;
  double fraction() const override {
    return count_ == 0 ? -1.0 : static_cast<double>(made_) / static_cast<double>(count_);
  }

 private:
  const std::uint64_t seed_;
  const std::uint64_t count_;
  std::mt19937_64 random_;
  std::uint64_t made_ = 0;
  milepost::Instant now_ = kFirst;
  std::string line_;
};

milepost::Result<std::optional<Line>> SampleLines::next() {
  if (made_ == count_ || stop_requested()) return std::optional<Line>{};
  const std::uint64_t profiles = count_ - count_ / 4;
  const auto id_text = [this](Kind kind, std::uint64_t number) {
    return milepost::to_string(made_up_id(mix(seed_) + static_cast<std::uint64_t>(kind), number));
  };
  line_ = R"({"journeyId":")" + id_text(Kind::journey, random_() % kJourneys);
  line_ += R"(","profileId":")" + id_text(Kind::profile, random_() % profiles);
  const std::uint64_t dice = random_();
  if (dice % 20 != 0) {
    const auto text = milepost::to_string(now_);
    if (!text) return text.error();
    line_ += R"(","triggeredAt":")" + *text;
  }
  if ((dice >> 8) % 10 == 0) {
    line_ += R"(","organizationId":")" + id_text(Kind::organization, (dice >> 16) % kOrganizations);
  }
  line_ += R"("})";
  now_ += std::chrono::milliseconds(random_() % 500);
  return std::optional<Line>(Line{.number = ++made_, .text = line_});
}

milepost::Error write_error(const std::string& path, int number) {
  return {.code = milepost::Errc::io,
          .system = number,
          .subject = path,
          .message = std::string("the sample cannot be written: ") + std::strerror(number) + ".",
          .advice = "Name a file in a folder that exists and has room."};
}

}  // namespace

std::unique_ptr<LineSource> sample_lines(std::uint64_t seed, std::uint64_t count) {
  return std::make_unique<SampleLines>(seed, count);
}

milepost::Result<void> write_sample(const std::string& path, std::uint64_t seed,
                                    std::uint64_t count) {
  const bool to_stdout = path == "-";
  std::FILE* const file = to_stdout ? stdout : std::fopen(path.c_str(), "w");
  if (file == nullptr) return write_error(path, errno);
  int problem = 0;
  SampleLines lines(seed, count);
  for (;;) {
    auto line = lines.next();
    if (!line) {
      if (!to_stdout) std::fclose(file);
      return line.error();
    }
    if (!line->has_value()) break;
    const std::string_view text = (*line)->text;
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size() ||
        std::fputc('\n', file) == EOF) {
      problem = errno;
      break;
    }
  }
  if (std::fflush(file) != 0 && problem == 0) problem = errno;
  if (!to_stdout && std::fclose(file) != 0 && problem == 0) problem = errno;
  if (problem != 0) return write_error(path, problem);
  return {};
}

}  // namespace sample
