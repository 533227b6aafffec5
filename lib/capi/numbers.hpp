// SPDX-License-Identifier: Apache-2.0
//
// The numbers of the C ABI are those of the C++ API, and those on disk. Nothing but assertions.
#pragma once

#include "milepost/milepost.h"
#include "milepost/milepost.hpp"

namespace milepost::capi {

template <typename Enum>
constexpr bool same(Enum cpp, int c) noexcept {
  return static_cast<int>(cpp) == c;
}

static_assert(same(Errc::invalid_argument, MILEPOST_E_INVALID_ARGUMENT));
static_assert(same(Errc::not_found, MILEPOST_E_NOT_FOUND));
static_assert(same(Errc::busy, MILEPOST_E_BUSY));
static_assert(same(Errc::outcome_unknown, MILEPOST_E_OUTCOME_UNKNOWN));
static_assert(same(Errc::read_only, MILEPOST_E_READ_ONLY));
static_assert(same(Errc::closed, MILEPOST_E_CLOSED));
static_assert(same(Errc::already_open, MILEPOST_E_ALREADY_OPEN));
static_assert(same(Errc::locked, MILEPOST_E_LOCKED));
static_assert(same(Errc::forked, MILEPOST_E_FORKED));
static_assert(same(Errc::needs_reopen, MILEPOST_E_NEEDS_REOPEN));
static_assert(same(Errc::snapshot_expired, MILEPOST_E_SNAPSHOT_EXPIRED));
static_assert(same(Errc::too_old, MILEPOST_E_TOO_OLD));
static_assert(same(Errc::other_store, MILEPOST_E_OTHER_STORE));
static_assert(same(Errc::cancelled, MILEPOST_E_CANCELLED));
static_assert(same(Errc::disk_full, MILEPOST_E_DISK_FULL));
static_assert(same(Errc::map_full, MILEPOST_E_MAP_FULL));
static_assert(same(Errc::readers_full, MILEPOST_E_READERS_FULL));
static_assert(same(Errc::pid_clash, MILEPOST_E_PID_CLASH));
static_assert(same(Errc::unsupported_filesystem, MILEPOST_E_UNSUPPORTED_FILESYSTEM));
static_assert(same(Errc::permission, MILEPOST_E_PERMISSION));
static_assert(same(Errc::not_a_database, MILEPOST_E_NOT_A_DATABASE));
static_assert(same(Errc::version, MILEPOST_E_VERSION));
static_assert(same(Errc::corrupt, MILEPOST_E_CORRUPT));
static_assert(same(Errc::io, MILEPOST_E_IO));
static_assert(same(Errc::out_of_memory, MILEPOST_E_OUT_OF_MEMORY));
static_assert(same(Errc::out_of_address_space, MILEPOST_E_OUT_OF_ADDRESS_SPACE));
static_assert(same(Errc::internal, MILEPOST_E_INTERNAL));

static_assert(same(Applied::no, MILEPOST_APPLIED_NO));
static_assert(same(Applied::yes, MILEPOST_APPLIED_YES));
static_assert(same(Applied::unknown, MILEPOST_APPLIED_UNKNOWN));

static_assert(same(RunStatus::queued, MILEPOST_RUN_QUEUED));
static_assert(same(RunStatus::running, MILEPOST_RUN_RUNNING));
static_assert(same(RunStatus::completed, MILEPOST_RUN_COMPLETED));
static_assert(same(RunStatus::failed, MILEPOST_RUN_FAILED));
static_assert(same(RunStatus::exited, MILEPOST_RUN_EXITED));

static_assert(same(OutcomeKind::created, MILEPOST_OUTCOME_CREATED));
static_assert(same(OutcomeKind::applied, MILEPOST_OUTCOME_APPLIED));
static_assert(same(OutcomeKind::unchanged, MILEPOST_OUTCOME_UNCHANGED));
static_assert(same(OutcomeKind::illegal, MILEPOST_OUTCOME_ILLEGAL));
static_assert(same(OutcomeKind::conflict, MILEPOST_OUTCOME_CONFLICT));
static_assert(same(OutcomeKind::not_found, MILEPOST_OUTCOME_NOT_FOUND));

static_assert(same(ChangeKind::created, MILEPOST_CHANGE_CREATED));
static_assert(same(ChangeKind::started, MILEPOST_CHANGE_STARTED));
static_assert(same(ChangeKind::completed, MILEPOST_CHANGE_COMPLETED));
static_assert(same(ChangeKind::failed, MILEPOST_CHANGE_FAILED));
static_assert(same(ChangeKind::exited, MILEPOST_CHANGE_EXITED));
static_assert(same(ChangeKind::adopted, MILEPOST_CHANGE_ADOPTED));
static_assert(same(ChangeKind::imported, MILEPOST_CHANGE_IMPORTED));
static_assert(same(ChangeKind::purged, MILEPOST_CHANGE_PURGED));
static_assert(same(ChangeKind::erased, MILEPOST_CHANGE_ERASED));
static_assert(same(ChangeKind::profile_erased, MILEPOST_CHANGE_PROFILE_ERASED));
static_assert(same(ChangeKind::blanked, MILEPOST_CHANGE_BLANKED));

static_assert(same(Order::newest_first, MILEPOST_NEWEST_FIRST));
static_assert(same(Order::oldest_first, MILEPOST_OLDEST_FIRST));
static_assert(same(Freshness::latest, MILEPOST_LATEST));
static_assert(same(Freshness::published, MILEPOST_PUBLISHED));
static_assert(same(BulkAction::fail, MILEPOST_BULK_FAIL));
static_assert(same(BulkAction::exit, MILEPOST_BULK_EXIT));
static_assert(same(Durability::durable, MILEPOST_DURABLE));
static_assert(same(Durability::relaxed, MILEPOST_RELAXED));
static_assert(same(LogLevel::debug, MILEPOST_LOG_DEBUG));
static_assert(same(LogLevel::info, MILEPOST_LOG_INFO));
static_assert(same(LogLevel::warning, MILEPOST_LOG_WARNING));
static_assert(same(LogLevel::error, MILEPOST_LOG_ERROR));

static_assert(kUuidTextSize == MILEPOST_ID_TEXT_SIZE);
static_assert(kInstantTextSizeMax == MILEPOST_INSTANT_TEXT_SIZE_MAX);
static_assert(kErrorTextSizeMax == MILEPOST_ERROR_TEXT_SIZE_MAX);
static_assert(kOwnerSizeMax == MILEPOST_OWNER_SIZE_MAX);
static_assert(kIdempotencyKeySizeMax == MILEPOST_IDEMPOTENCY_KEY_SIZE_MAX);
static_assert(kErrorTextSizeMax + kOwnerSizeMax == MILEPOST_RUN_TEXT_MAX);
static_assert(kRunJsonSizeMax == MILEPOST_RUN_JSON_MAX);
static_assert(same(VerifyLevel::records, MILEPOST_VERIFY_RECORDS));
static_assert(same(VerifyLevel::pages, MILEPOST_VERIFY_PAGES));
static_assert(kFindingsMax == MILEPOST_FINDINGS_MAX);
static_assert(kBatchCommandsMax == MILEPOST_BATCH_COMMANDS_MAX);
static_assert(kGetManyMax == MILEPOST_GET_MANY_MAX);
static_assert(kListLimitMax == MILEPOST_LIST_LIMIT_MAX);
static_assert(kChangesLimitMax == MILEPOST_CHANGES_LIMIT_MAX);
static_assert(kRemoveLimitMax == MILEPOST_REMOVE_LIMIT_MAX);

}  // namespace milepost::capi
