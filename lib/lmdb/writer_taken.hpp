// SPDX-License-Identifier: Apache-2.0
//
// The writer's place, once it was taken: given back at the end of a scope unless it is kept, also
// where memory runs out on the way. A place that is not given back stops writing and closing.
#pragma once

#include "lmdb/env.hpp"

namespace milepost::lmdb {

class Env::WriterTaken {
 public:
  explicit WriterTaken(Env& env) noexcept : env_(&env) {}
  ~WriterTaken() {
    if (env_ != nullptr) env_->release_writer();
  }
  WriterTaken(const WriterTaken&) = delete;
  WriterTaken& operator=(const WriterTaken&) = delete;
  void keep() noexcept { env_ = nullptr; }

 private:
  Env* env_;
};

}  // namespace milepost::lmdb
