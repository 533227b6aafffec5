// SPDX-License-Identifier: Apache-2.0
//
// Verify, backup, restore and repair: in steps, off the event loop. What is thrown by onProgress,
// or a signal that is aborted, ends the work between two steps; it then has left nothing behind.
'use strict';

const names = require('./names');
const native = require('./native');

/** Does a work that was begun, and frees it. */
async function finish(begun, {onProgress, signal} = {}) {
  const work = await begun;
  try {
    for (let done = false; !done;) {
      signal?.throwIfAborted();
      let rows;
      let bytes;
      [done, rows, bytes] = await native.workStep(work);
      onProgress?.({rows, bytes});
    }
    const made = native.workReport(work);
    const [, findingsCount, runs, rows, changes, pages, journaled, sequence, lost, bytes, storeId] =
      made;
    const findings = made[0].map(([kind, where, text]) => Object.freeze({kind, where, text}));
    return Object.freeze({sound: findingsCount === 0, findings, findingsCount, runs, rows, changes,
      pages, journaled, sequence, lost, bytes, storeId});
  } finally {
    native.workFree(work);
  }
}

function fromLevel(level) {
  return names.numberOf(names.verifyLevels, level ?? 'records', 'level');
}

async function verify(directory, {level, ...options} = {}) {
  return finish(native.directoryVerify(directory, fromLevel(level)), options);
}

async function repair(from, to, options) {
  return finish(native.directoryRepair(from, to), options);
}

async function restore(backup, directory, {replace = false, ...options} = {}) {
  return finish(native.backupRestore(backup, directory, replace), options);
}

module.exports = {finish, fromLevel, verify, repair, restore};
