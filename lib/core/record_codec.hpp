// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one record, the same in the journal, the recent map and LMDB. Version byte,
// explicit lengths, XXH3-64 over the run id and every other byte, so that a record under the wrong
// key fails too. Unknown versions, trailing bytes and broken rules are refused.
#pragma once

#include <cstddef>
#include <span>

#include "core/record.hpp"

#include "milepost/result.hpp"

namespace milepost::core {

/// No encoded record is larger.
inline constexpr std::size_t kRecordSizeMax = 4'734;
/// No encoded record is smaller.
inline constexpr std::size_t kRecordSizeMin = 72;

/// The size `encode_record` will write.
[[nodiscard]] std::size_t encoded_record_size(const RecordView& record) noexcept;

/// Writes exactly encoded_record_size(record) bytes to `out` and returns that number.
/// Precondition: `out` is large enough and the record's texts are within their limits.
std::size_t encode_record(const RecordView& record, std::span<std::byte> out) noexcept;

/// Reads a record back, checksum and rules verified. Its texts point into `bytes`.
/// Errors: `version` (a newer format), `corrupt` (anything else).
[[nodiscard]] Result<RecordView> decode_record(const Uuid& run_id,
                                               std::span<const std::byte> bytes);

}  // namespace milepost::core
