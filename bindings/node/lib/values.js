// SPDX-License-Identifier: Apache-2.0
//
// The values that go in and come out. All are frozen: a Run is the run as it was at one moment.
'use strict';

const names = require('./names');
const native = require('./native');
const {InvalidArgumentError, OutcomeError} = require('./errors');

/** Microseconds since the epoch, of a Date, an RFC 3339 text or such a number itself. */
function toMicros(instant, what) {
  if (instant === undefined || instant === null) return null;
  if (typeof instant === 'bigint') return instant;
  if (typeof instant === 'string') return native.parseInstant(instant);
  if (instant instanceof Date) {
    const milliseconds = instant.getTime();
    if (Number.isNaN(milliseconds)) throw new RangeError(`${what}: the date is invalid`);
    return BigInt(milliseconds) * 1000n;
  }
  throw new TypeError(`${what}: a Date, a bigint of microseconds or a string is wanted`);
}

function invalid(message) {
  return new InvalidArgumentError(-1, 0, 0, false, message);
}

class Run {
  constructor(made) {
    this.runId = made[0];
    this.journeyId = made[1];
    this.profileId = made[2];
    this.organizationId = made[3];
    this.status = names.runStatuses[made[4]];
    this.triggeredAt = new Date(made[5][0]);
    this.startedAt = made[6] && new Date(made[6][0]);
    this.completedAt = made[7] && new Date(made[7][0]);
    this.error = made[8];
    this.owner = made[9];
    this.fencingToken = made[10];
    this.sequence = made[11];
    this.micros = Object.freeze({
      triggeredAt: made[5][1],
      startedAt: made[6] && made[6][1],
      completedAt: made[7] && made[7][1],
    });
    Object.freeze(this);
  }

  /** What JSON.stringify() makes of a run is its exact public response. */
  toJSON() {
    return {
      runId: this.runId,
      journeyId: this.journeyId,
      profileId: this.profileId,
      status: this.status,
      triggeredAt: native.formatInstant(this.micros.triggeredAt),
      completedAt: this.micros.completedAt && native.formatInstant(this.micros.completedAt),
      error: this.error,
    };
  }

  get final() {
    return this.status !== 'queued' && this.status !== 'running';
  }
}

class Outcome {
  constructor(made) {
    this.kind = names.outcomeKinds[made[0]];
    this.run = toRun(made[1]);
    Object.freeze(this);
  }

  get applied() {
    return this.kind === 'created' || this.kind === 'applied';
  }

  get holds() {
    return this.applied || this.kind === 'unchanged';
  }

  require() {
    if (!this.holds || this.run === null) throw new OutcomeError(this);
    return this.run;
  }
}

function toRun(made) {
  return made === null ? null : new Run(made);
}

function toOutcome(made) {
  return new Outcome(made);
}

function toPage(made) {
  return Object.freeze({runs: made[0].map(toRun), next: made[1]});
}

function toJsonPage(made) {
  return Object.freeze({json: made[0], count: made[1], next: made[2]});
}

function toCounts(made) {
  const [queued, running, completed, failed, exited] = made;
  return Object.freeze({queued, running, completed, failed, exited});
}

function toChangePage(made) {
  const changes = made[0].map(([kind, sequence, run]) =>
    Object.freeze({kind: names.changeKinds[kind], sequence, run: toRun(run)}));
  return Object.freeze({changes, next: made[1], newest: made[2], storeId: made[3]});
}

const ALL = (1 << names.runStatuses.length) - 1;

function fromStatuses(statuses) {
  if (statuses === undefined || statuses === null) return ALL;
  const list = typeof statuses === 'string' ? [statuses] : [...statuses];
  return list.reduce((mask, one) => mask | 1 << names.numberOf(names.runStatuses, one, 'statuses'),
    0);
}

/** The filter of an options object, as the addon takes it. */
function fromFilter(o) {
  return [fromStatuses(o.statuses), o.organizationId, o.journeyId, o.profileId,
    toMicros(o.triggeredFrom, 'triggeredFrom'), toMicros(o.triggeredTo, 'triggeredTo')];
}

function fromTimeout(timeoutMs) {
  if (timeoutMs === undefined || timeoutMs === null) return -1;
  if (typeof timeoutMs !== 'number') throw new TypeError('timeoutMs: a number is wanted');
  if (!(timeoutMs >= 0)) throw invalid('timeoutMs: must not be negative. Give 0 to never wait.');
  return Math.min(Math.ceil(timeoutMs), Number.MAX_SAFE_INTEGER);
}

function fromFreshness(freshness) {
  return names.numberOf(names.freshnesses, freshness ?? 'latest', 'freshness');
}

/** The page of an options object, as the addon takes it. */
function fromPage(o) {
  return [names.numberOf(names.orders, o.order ?? 'newest_first', 'order'),
    fromFreshness(o.freshness), o.limit ?? 100, o.cursor, fromTimeout(o.timeoutMs)];
}

/** A lease of 0 would be none at all, so it must be left out instead. */
function fromLease(leaseMs) {
  if (leaseMs === undefined || leaseMs === null) return 0;
  if (typeof leaseMs !== 'number') throw new TypeError('leaseMs: a number is wanted');
  if (!(leaseMs >= 1)) throw invalid('leaseMs: must be a millisecond or more.');
  return Math.floor(leaseMs);
}

/** A command, as the addon takes it. */
function fromCommand(c) {
  if (typeof c !== 'object' || c === null) throw new TypeError('a command is wanted');
  return [names.numberOf(names.commandKinds, c.kind, 'kind'), c.runId, c.journeyId, c.profileId,
    c.organizationId, toMicros(c.triggeredAt, 'triggeredAt'), toMicros(c.startedAt, 'startedAt'),
    toMicros(c.completedAt, 'completedAt'), c.fencingToken, fromLease(c.leaseMs), c.owner,
    c.idempotencyKey, c.error,
    c.status === undefined ? 0 : names.numberOf(names.runStatuses, c.status, 'status'),
    c.onlyIfExpired ?? false];
}

module.exports = {
  Run, Outcome, toMicros, toRun, toOutcome, toPage, toJsonPage, toCounts, toChangePage, fromFilter,
  fromPage, fromTimeout, fromFreshness, fromLease, fromCommand,
};
