// SPDX-License-Identifier: Apache-2.0
//
// The names behind the numbers of the C ABI: the index is the number, or its negative for codes.
'use strict';

const runStatuses = ['queued', 'running', 'completed', 'failed', 'exited'];
const outcomeKinds = ['created', 'applied', 'unchanged', 'illegal', 'conflict', 'not_found'];
const changeKinds = ['created', 'started', 'completed', 'failed', 'exited', 'adopted', 'imported',
  'purged', 'erased', 'profile_erased', 'blanked'];
const commandKinds = [null, 'create', 'start', 'complete', 'fail', 'exit', 'adopt', 'heartbeat',
  'import'];
const orders = ['newest_first', 'oldest_first'];
const freshnesses = ['latest', 'published'];
const bulkActions = ['fail', 'exit'];
const durabilities = ['durable', 'relaxed'];
const logLevels = ['debug', 'info', 'warning', 'error'];
const verifyLevels = ['records', 'pages'];
const applied = ['no', 'yes', 'unknown'];
const errorCodes = ['ok', 'invalid_argument', 'not_found', 'busy', 'outcome_unknown', 'read_only',
  'closed', 'already_open', 'locked', 'forked', 'needs_reopen', 'snapshot_expired', 'too_old',
  'other_store', 'cancelled', 'disk_full', 'map_full', 'readers_full', 'pid_clash',
  'unsupported_filesystem', 'permission', 'not_a_database', 'version', 'corrupt', 'io',
  'out_of_memory', 'out_of_address_space', 'internal'];

/** The number of a name; a TypeError if there is none of that name. */
function numberOf(names, name, what) {
  const number = typeof name === 'string' ? names.indexOf(name) : -1;
  if (number < 0) {
    throw new TypeError(`${what}: one of ${names.filter(Boolean).join(', ')} is wanted`);
  }
  return number;
}

module.exports = {
  runStatuses, outcomeKinds, changeKinds, commandKinds, orders, freshnesses, bulkActions,
  durabilities, logLevels, verifyLevels, applied, errorCodes, numberOf,
};
