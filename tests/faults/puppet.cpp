// SPDX-License-Identifier: Apache-2.0
//
// `milepost_fault_puppet <directory>`: reads commands from its input, one a line, and answers each
// with one line. It ends with its input, or by an alarm when one command takes minutes.
#include "puppet.hpp"

#include <iostream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace milepost::faults {
namespace {

constexpr unsigned kCommandSecondsMax = 120;

std::string obey(const std::map<std::string, Verb>& verbs, Puppet& puppet, const Words& words) {
  const auto verb = verbs.find(words[0]);
  if (verb == verbs.end()) return "unknown command";
  try {
    return verb->second(puppet, words);
  } catch (const std::exception& error) {
    return std::string("thrown ") + error.what();
  }
}

}  // namespace

OpenOptions small_options(const std::string& directory) {
  OpenOptions options;
  options.directory = directory;
  options.map_size_start = kMapSizeMin;
  options.map_size_max = 256u << 20;
  options.journal_segment_bytes = kJournalSegmentBytesMin;
  options.journal_bytes_max = kJournalSegmentsMin * kJournalSegmentBytesMin;
  options.publish_interval = std::chrono::milliseconds(5);
  options.recent_bytes_max = 1u << 20;
  options.readers_max = 64;
  options.relaxed_bytes_max = 32u << 10;
  options.wait_max = std::chrono::seconds(20);
  return options;
}

void read_options(OpenOptions& options, const Words& words) {
  const std::map<std::string, std::function<void(std::uint64_t)>> settings = {
      {"wait", [&](std::uint64_t n) { options.wait_max = std::chrono::milliseconds(n); }},
      {"interval",
       [&](std::uint64_t n) { options.publish_interval = std::chrono::milliseconds(n); }},
      {"map", [&](std::uint64_t n) { options.map_size_start = n; }},
      {"map-max", [&](std::uint64_t n) { options.map_size_max = n; }},
      {"segment", [&](std::uint64_t n) { options.journal_segment_bytes = n; }},
      {"journal", [&](std::uint64_t n) { options.journal_bytes_max = n; }},
      {"readers", [&](std::uint64_t n) { options.readers_max = static_cast<std::uint32_t>(n); }},
      {"recent", [&](std::uint64_t n) { options.recent_bytes_max = n; }},
      {"create", [&](std::uint64_t n) { options.create = n != 0; }}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    if (word == "ro") options.read_only = true;
    if (word == "relaxed") options.durability = Durability::relaxed;
    if (name == "dir") options.directory = word.substr(equals + 1);
    if (const auto found = settings.find(name); found != settings.end()) {
      found->second(std::stoull(word.substr(equals + 1)));
    }
  }
}

std::string told(const Error& error) {
  constexpr const char* kApplied[] = {"no", "yes", "unknown"};
  return "error " + std::string(to_string(error.code)) + " " +
         kApplied[static_cast<int>(error.applied)] + " " + error.message + " [" + error.subject +
         "] " + error.advice;
}

std::string told(const Result<Outcome>& outcome) {
  return outcome ? std::string(to_string(outcome->kind)) : told(outcome.error());
}

void say(const std::string& line) {
  std::string whole = line + "\n";
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    if (whole[i] == '\n') whole[i] = ' ';
  }
  if (::write(STDOUT_FILENO, whole.data(), whole.size()) < 0) ::_exit(3);
}

std::uint64_t number_at(const Words& words, std::size_t index, std::uint64_t fallback) {
  return index < words.size() ? std::stoull(words[index]) : fallback;
}

std::string text_at(const Words& words, std::size_t index) {
  return index < words.size() ? words[index] : std::string();
}

}  // namespace milepost::faults

int main(int count, char** arguments) {
  using namespace milepost::faults;
  if (count < 2) return 2;
  std::map<std::string, Verb> verbs;
  add_call_verbs(verbs);
  add_process_verbs(verbs);
  Puppet puppet;
  puppet.options = small_options(arguments[1]);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream stream(line);
    const Words words{std::istream_iterator<std::string>(stream), {}};
    if (words.empty()) continue;
    ::alarm(kCommandSecondsMax);
    say(obey(verbs, puppet, words));
    ::alarm(0);
  }
  // Background readers never end by themselves: with them, no farewell.
  if (!puppet.background.empty()) ::_exit(0);
  return 0;
}
