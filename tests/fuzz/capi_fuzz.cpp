// SPDX-License-Identifier: Apache-2.0
//
// The C ABI as any caller may use it: whatever is called in whatever order with whatever handles,
// on a small store in a folder of its own, there are statuses and no broken rules; and what is left
// behind is a sound store.
#include <filesystem>

#include "fuzz/capi_ops.hpp"
#include "support/temp_directory.hpp"

namespace milepost::fuzz {
namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const test::TempDirectory all(1u << 20);
  static const fs::path place = all.path() / "stores";
  return place;
}

void check_sound(const std::string& store) {
  milepost_work work{};
  require(milepost_directory_verify(store.data(), store.size(), MILEPOST_VERIFY_PAGES, &work,
                                    nullptr) == MILEPOST_OK);
  milepost_error error{};
  error.struct_size = sizeof error;
  milepost_progress progress{};
  progress.struct_size = sizeof progress;
  milepost_status status = MILEPOST_OK;
  while (status == MILEPOST_OK && progress.done == 0) {
    status = milepost_work_step(work, &progress, &error);
  }
  milepost_work_report report{};
  report.struct_size = sizeof report;
  if (status == MILEPOST_OK) {
    require(milepost_work_get(work, &report, nullptr) == MILEPOST_OK);
    require(report.findings_count == 0, "what is left is sound");
  } else {
    require(status == MILEPOST_E_NOT_FOUND, "what is left can be verified");
  }
  milepost_work_free(work);
}

void run(Input input) {
  fs::remove_all(folder());
  fs::create_directory(folder());
  Bytes bytes(input);
  {
    OpMachine machine(bytes, folder().string());
    machine.run();
  }
  check_sound((folder() / "store").string());
}

Seeds seeds() {
  Seeds all;
  for (unsigned which = 0; which < 8; ++which) {
    std::string& seed = all.emplace_back();
    std::uint64_t state = which + 1;
    for (unsigned i = 0; i < 1'500; ++i) {
      state = state * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
      seed += static_cast<char>(state >> 56);
    }
  }
  return all;
}

}  // namespace
}  // namespace milepost::fuzz

MILEPOST_FUZZ_TARGET({"capi", milepost::fuzz::run, milepost::fuzz::seeds, 25, 2'048})
