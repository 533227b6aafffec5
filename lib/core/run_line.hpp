// SPDX-License-Identifier: Apache-2.0
//
// A run as one line of an export: the seven members of the public response in their order, then
// `organizationId`, no spaces, a newline. Reading is strict, except that white space, any order of
// members and a missing organizationId (the nil one) are let pass.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "core/record.hpp"
#include "core/run_json.hpp"

namespace milepost::core {

/// What a line has beside the public response.
inline constexpr std::string_view kOrganizationMember = R"(,"organizationId":")";
inline constexpr std::string_view kLineEnd = "\"}\n";

/// The size of the longest line of an export.
inline constexpr std::size_t kRunLineSizeMax =
    kRunJsonSizeMax - 1 + kOrganizationMember.size() + kUuidTextSize + kLineEnd.size();

/// Appends the run's line.
void append_run_line(const RecordView& record, std::string& out);

/// The run of a line that comes without its newline, its error text cleaned; of what a run is, only
/// what a line says is set. Or the reason why the line is none, for people: the member that is
/// wrong and its value, escaped and cut.
[[nodiscard]] std::variant<Run, std::string> read_run_line(std::string_view line);

}  // namespace milepost::core
