// SPDX-License-Identifier: Apache-2.0
//
// The tracker: a store, opened. Writes, and reads that may wait for one, are promises; get and
// getJson are plain calls of microseconds. index.d.ts says what each does.
'use strict';

const names = require('./names');
const native = require('./native');
const v = require('./values');
const {Snapshot, Subscription, DISPOSE} = require('./feed');
const {finish, fromLevel} = require('./works');

const ASYNC_DISPOSE = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');
const kind = (name) => names.commandKinds.indexOf(name);
const IMPORT_STEP = 1 << 20;
const INTERNAL = Symbol('made by Tracker.open() and Tracker.attach()');

class Tracker {
  #handle;
  #isOwner;
  #isClosed = false;

  constructor(token, handle, isOwner) {
    if (token !== INTERNAL) throw new TypeError('use Tracker.open()');
    this.#handle = handle;
    this.#isOwner = isOwner;
  }

  static async open(directory, {log, ...options} = {}) {
    if (log !== undefined && typeof log !== 'function') {
      throw new TypeError('log: a function is wanted');
    }
    const pairs = [];
    for (let [name, value] of Object.entries(options)) {
      if (value === undefined) continue;
      if (name === 'durability') value = names.numberOf(names.durabilities, value, name);
      if (name === 'clock') {
        pairs.push('manualClock', true);
        value = v.toMicros(value, name);
      }
      pairs.push(name, value);
    }
    return new Tracker(INTERNAL, await native.open(directory, pairs,
      log && ((level, text) => log(names.logLevels[level], text))), true);
  }

  static attach(token) {
    if (typeof token !== 'bigint') throw new TypeError('what share() gave is wanted');
    return new Tracker(INTERNAL, token, false);
  }

  share() {
    return this.#handle;
  }

  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isOwner) await native.close(this.#handle);
  }

  closeSync() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isOwner) native.closeSync(this.#handle);
  }

  [DISPOSE]() {
    this.closeSync();
  }

  [ASYNC_DISPOSE]() {
    return this.close();
  }

  // --- commands ----------------------------------------------------------------------------------

  async create(command, {timeoutMs} = {}) {
    const made = v.fromCommand({...command, kind: 'create'});
    return v.toOutcome(await native.command(this.#handle, made, v.fromTimeout(timeoutMs)));
  }

  start(runId, options) {
    return this.#step('start', runId, null, options);
  }

  complete(runId, options) {
    return this.#step('complete', runId, null, options);
  }

  fail(runId, error = '', options = undefined) {
    return this.#step('fail', runId, error, options);
  }

  exit(runId, options) {
    return this.#step('exit', runId, null, options);
  }

  adopt(runId, options) {
    return this.#step('adopt', runId, null, options);
  }

  heartbeat(runId, leaseMs, options = {}) {
    return this.#step('heartbeat', runId, null, {...options, leaseMs});
  }

  async #step(name, runId, error, options = {}) {
    return v.toOutcome(await native.step(
      this.#handle, kind(name), runId, options.organizationId, options.owner, options.fencingToken,
      v.fromLease(options.leaseMs), options.onlyIfExpired ?? false, error,
      v.fromTimeout(options.timeoutMs)));
  }

  async apply(commands, {timeoutMs} = {}) {
    const made = Array.from(commands, v.fromCommand);
    const outcomes = await native.apply(this.#handle, made, v.fromTimeout(timeoutMs));
    return outcomes.map(v.toOutcome);
  }

  // --- reads -------------------------------------------------------------------------------------

  get(runId, {organizationId} = {}) {
    return v.toRun(native.get(false, this.#handle, runId, organizationId));
  }

  getJson(runId, organizationId) {
    return native.getJson(false, this.#handle, runId, organizationId);
  }

  getJsonBytes(runId, organizationId) {
    return native.getJsonBytes(false, this.#handle, runId, organizationId);
  }

  async getMany(runIds, {organizationId} = {}) {
    const made = await native.getMany(false, this.#handle, [...runIds], organizationId);
    return made[0].map(v.toRun);
  }

  async list(options = {}) {
    return v.toPage(
      await native.list(false, this.#handle, v.fromFilter(options), v.fromPage(options)));
  }

  async listJson(options = {}) {
    return v.toJsonPage(
      await native.listJson(false, this.#handle, v.fromFilter(options), v.fromPage(options)));
  }

  async *runs(options = {}) {
    let cursor = '';
    do {
      const page = await this.list({limit: 1000, ...options, cursor});
      yield* page.runs;
      cursor = page.next;
    } while (cursor !== '');
  }

  async counts({organizationId, journeyId, freshness, timeoutMs} = {}) {
    return v.toCounts(await native.counts(false, this.#handle, organizationId, journeyId,
      v.fromFreshness(freshness), v.fromTimeout(timeoutMs)));
  }

  async changes(after = 0, {limit = 1000, storeId, freshness, timeoutMs} = {}) {
    return v.toChangePage(await native.changes(false, this.#handle, after, limit, storeId,
      v.fromFreshness(freshness), v.fromTimeout(timeoutMs)));
  }

  async wait(runId, {organizationId, timeoutMs} = {}) {
    return v.toRun(
      await native.wait(this.#handle, runId, organizationId, v.fromTimeout(timeoutMs)));
  }

  async snapshot({freshness, timeoutMs} = {}) {
    return new Snapshot(await native.snapshot(
      this.#handle, v.fromFreshness(freshness), v.fromTimeout(timeoutMs)));
  }

  subscribe(after = 0, {storeId} = {}) {
    return new Subscription(native.subscribe(this.#handle, after, storeId));
  }

  // --- upkeep ------------------------------------------------------------------------------------

  async orphans({limit = 100, cursor, timeoutMs} = {}) {
    return v.toPage(
      await native.orphans(this.#handle, [0, 0, limit, cursor, v.fromTimeout(timeoutMs)]));
  }

  async expired({limit = 1000} = {}) {
    return v.toPage(await native.expired(this.#handle, limit)).runs;
  }

  async purge({completedBefore, organizationId, limit = 1000, cursor, dryRun = false, timeoutMs}) {
    const before = v.toMicros(completedBefore, 'completedBefore');
    if (before === null) throw new TypeError('completedBefore: is required');
    const [removed, next] = await native.purge(this.#handle, before, organizationId, limit, cursor,
      dryRun, v.fromTimeout(timeoutMs));
    return Object.freeze({removed, next});
  }

  async eraseProfile(profileId, {organizationId, timeoutMs} = {}) {
    const receipt = await native.eraseProfile(
      this.#handle, profileId, organizationId, v.fromTimeout(timeoutMs));
    const [runs, changesBlanked, sequence, through, journalBytes, freeBytes] = receipt;
    return Object.freeze({runs, changesBlanked, sequence, through, journalBytes, freeBytes});
  }

  async bulk({action = 'exit', error, limit = 1000, cursor, dryRun = false, timeoutMs, ...filter}) {
    const [matched, applied, next, sample] = await native.bulk(
      this.#handle, v.fromFilter(filter), names.numberOf(names.bulkActions, action, 'action'),
      error, limit, cursor, dryRun, v.fromTimeout(timeoutMs));
    return Object.freeze({matched, applied, next, sample: v.toPage(sample).runs});
  }

  async *exportRuns({organizationId, freshness} = {}) {
    const operation = native.exportRuns(this.#handle, organizationId, v.fromFreshness(freshness));
    try {
      for (let done = false; !done;) {
        let lines;
        [lines, done] = await native.exportStep(operation);
        if (lines.length > 0) yield lines;
      }
    } finally {
      native.exportFree(operation);
    }
  }

  async importRuns(source, {timeoutMs} = {}) {
    const timeout = v.fromTimeout(timeoutMs);
    const operation = native.importRuns(this.#handle);
    const problems = [];
    const step = async (data, last) => {
      const made = await native.importStep(operation, data, last, timeout);
      for (const [line, reason] of made[4]) problems.push(Object.freeze({line, reason}));
      return made;
    };
    try {
      for await (const chunk of source) {
        const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        for (let i = 0; i < bytes.length; i += IMPORT_STEP) {
          await step(bytes.subarray(i, i + IMPORT_STEP), false);
        }
      }
      const [lines, created, unchanged, refused] = await step('', true);
      return Object.freeze({lines, created, unchanged, refused, problems});
    } finally {
      native.importFree(operation);
    }
  }

  async failOrphans(error = '', {limit = 1000, timeoutMs} = {}) {
    const [failed, more] =
      await native.failOrphans(this.#handle, error, limit, v.fromTimeout(timeoutMs));
    return Object.freeze({failed, more});
  }

  async verify({level, timeoutMs, ...options} = {}) {
    return finish(
      native.trackerVerify(this.#handle, fromLevel(level), v.fromTimeout(timeoutMs)), options);
  }

  async backup(to, {compact = false, timeoutMs, ...options} = {}) {
    return finish(
      native.trackerBackup(this.#handle, to, compact, v.fromTimeout(timeoutMs)), options);
  }

  async flush({timeoutMs} = {}) {
    await native.flush(this.#handle, v.fromTimeout(timeoutMs));
  }

  async stats() {
    return native.stats(this.#handle);
  }

  get storeId() {
    return native.storeId(this.#handle);
  }

  get unpublished() {
    return native.unpublished(this.#handle);
  }

  setClock(instant) {
    native.setClock(this.#handle, v.toMicros(instant, 'instant'));
  }
}

module.exports = {Tracker};
