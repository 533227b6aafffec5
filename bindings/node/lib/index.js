// SPDX-License-Identifier: Apache-2.0
//
// Milepost for Node: see README.md and index.d.ts.
'use strict';

const errors = require('./errors');
const native = require('./native');
const {Run, Outcome, toMicros} = require('./values');
const {Snapshot, Subscription} = require('./feed');
const {Tracker} = require('./tracker');
const {verify, repair, restore} = require('./works');

/** As `after` of subscribe(): only what is published from now on. */
const FROM_NOW = 2n ** 64n - 1n;

function formatInstant(instant) {
  return native.formatInstant(toMicros(instant, 'instant'));
}

module.exports = {
  Tracker,
  Snapshot,
  Subscription,
  Run,
  Outcome,
  MilepostError: errors.MilepostError,
  InvalidArgumentError: errors.InvalidArgumentError,
  NotFoundError: errors.NotFoundError,
  BusyError: errors.BusyError,
  OutcomeUnknownError: errors.OutcomeUnknownError,
  ClosedError: errors.ClosedError,
  LockedError: errors.LockedError,
  ForkedError: errors.ForkedError,
  CancelledError: errors.CancelledError,
  OutcomeError: errors.OutcomeError,
  verify,
  repair,
  restore,
  FROM_NOW,
  formatInstant,
  parseInstant: native.parseInstant,
  parseUuid: native.parseId,
  version: native.version(),
};
