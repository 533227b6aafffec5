// SPDX-License-Identifier: Apache-2.0
//
// What can go wrong. `code` has the stable name; the classes are for the codes that hosts usually
// treat apart.
'use strict';

const names = require('./names');
const native = require('./native');

class MilepostError extends Error {
  constructor(number, system, applied, retrySafe, message) {
    super(message);
    this.code = names.errorCodes[-number] ?? 'internal';
    this.number = number;
    this.system = system;
    this.applied = names.applied[applied] ?? 'unknown';
    this.retrySafe = retrySafe;
  }

  get name() {
    return this.constructor.name;
  }
}

class InvalidArgumentError extends MilepostError {}
class NotFoundError extends MilepostError {}
class BusyError extends MilepostError {}
class OutcomeUnknownError extends MilepostError {}
class ClosedError extends MilepostError {}
class LockedError extends MilepostError {}
class ForkedError extends MilepostError {}
class CancelledError extends MilepostError {}

const classes = {
  invalid_argument: InvalidArgumentError,
  not_found: NotFoundError,
  busy: BusyError,
  outcome_unknown: OutcomeUnknownError,
  closed: ClosedError,
  locked: LockedError,
  forked: ForkedError,
  cancelled: CancelledError,
};

native.setErrorFactory((number, system, applied, retrySafe, message) => {
  const made = classes[names.errorCodes[-number]] ?? MilepostError;
  return new made(number, system, applied, retrySafe, message);
});

/** Raised by Outcome.require() only: the store refused a command in the ordinary course. */
class OutcomeError extends Error {
  constructor(outcome) {
    const run = outcome.run;
    super(`${outcome.kind}: ` +
        (run === null ? 'there is no such run' : `run ${run.runId} is ${run.status}`));
    this.outcome = outcome;
  }

  get name() {
    return 'OutcomeError';
  }
}

module.exports = {
  MilepostError, InvalidArgumentError, NotFoundError, BusyError, OutcomeUnknownError, ClosedError,
  LockedError, ForkedError, CancelledError, OutcomeError,
};
