// SPDX-License-Identifier: Apache-2.0
//
// The store of the C piece: opened, filled and read through milepost.h only.
#include "bench/micro/c_piece.hpp"

#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <vector>

#include "milepost/milepost.h"

namespace {

void check(milepost_status status) {
  if (status != MILEPOST_OK) throw std::runtime_error(milepost_error_name(status));
}

milepost_id id_of(std::uint32_t number) {
  milepost_id id{};
  std::memcpy(id.bytes, &number, sizeof number);
  id.bytes[6] = 0x70;
  id.bytes[8] = 0x80;
  return id;
}

class Filled {
 public:
  explicit Filled(std::uint32_t runs) {
    std::string name = (std::filesystem::temp_directory_path() / "milepost-micro-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
    folder_ = name;
    milepost_open_options options;
    check(milepost_open_options_init(&options, sizeof options));
    options.directory = {name.data(), name.size()};
    options.durability = MILEPOST_RELAXED;
    check(milepost_tracker_open(&options, &tracker, nullptr));
    for (std::uint32_t i = 0; i < runs; ++i) {
      milepost_command command;
      check(milepost_command_init(&command, sizeof command));
      command.kind = MILEPOST_COMMAND_CREATE;
      command.has_run_id = 1;
      command.run_id = id_of(i);
      milepost_outcome outcome{};
      outcome.struct_size = sizeof outcome;
      check(milepost_tracker_create(tracker, &command, -1, &outcome, nullptr, 0, nullptr));
    }
  }
  ~Filled() {
    (void)milepost_tracker_close(tracker, nullptr);
    std::filesystem::remove_all(folder_);
  }
  Filled(const Filled&) = delete;
  Filled& operator=(const Filled&) = delete;

  milepost_tracker tracker{};

 private:
  std::filesystem::path folder_;
};

}  // namespace

std::function<std::uint64_t(std::uint64_t)> c_get_piece(
    std::uint32_t runs, const std::function<std::uint32_t(std::uint64_t)>& pick) {
  auto filled = std::make_shared<Filled>(runs);
  return [filled, pick, out = std::vector<char>(MILEPOST_RUN_JSON_MAX)](std::uint64_t n) mutable {
    const milepost_id id = id_of(pick(n));
    std::size_t size = 0;
    check(milepost_tracker_get_json(filled->tracker, &id, nullptr, out.data(), out.size(), &size,
                                    nullptr));
    return static_cast<std::uint64_t>(size);
  };
}
