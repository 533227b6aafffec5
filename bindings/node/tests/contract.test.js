// SPDX-License-Identifier: Apache-2.0
//
// Replays the cases of bindings/contract; MILEPOST_CONTRACT_CASES names the file.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const {test} = require('node:test');
const {MilepostError, Tracker, formatInstant, parseInstant, parseUuid} = require('milepost');
const {folder} = require('./support');

const file = process.env.MILEPOST_CONTRACT_CASES ?? '';
const cases = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : null;

/** A list that is written as one member and how often. */
function expand(value) {
  return value?.list_of === undefined ? value : Array(value.times).fill(value.list_of);
}

/** A string, or bytes where a text is given in hex. */
function textOf(value) {
  if (Array.isArray(value)) {
    const parts = value.map(textOf);
    return parts.every((part) => typeof part === 'string') ? parts.join('')
      : Buffer.concat(parts.map((part) => Buffer.from(part)));
  }
  if (typeof value !== 'object') return value;
  return value.hex === undefined ? value.repeat.repeat(value.times) : Buffer.from(value.hex, 'hex');
}

/** One case against a store of its own. */
class Replay {
  constructor(where, one) {
    this.where = where;
    // Small segments are made quickly, but the largest batch needs a large one.
    const isLarge = JSON.stringify(one).includes('list_of');
    this.store = {mapSizeStart: 1 << 20, journalSegmentBytes: isLarge ? 16 << 20 : 1 << 16};
    this.now = cases.clock;
    this.names = {};
  }

  async open(options = {}) {
    return Tracker.open(this.where, {clock: this.now, ...this.store, ...options});
  }

  name(value) {
    return typeof value === 'string' && value.startsWith('$') ? this.names[value.slice(1)] : value;
  }

  /** The members of a step, as the package calls them. */
  members(step) {
    const isNew = step.do === 'create' || step.do === 'import';
    const made = {
      runId: this.name(step.run),
      organizationId: step.organization,
      owner: textOf(step.owner),
      fencingToken: step.token,
      leaseMs: step.lease_ms,
      onlyIfExpired: step.only_if_expired,
      journeyId: isNew ? step.journey ?? cases.journey : undefined,
      profileId: isNew ? step.profile ?? cases.profile : undefined,
      triggeredAt: step.triggered_at,
      startedAt: step.started_at,
      completedAt: step.completed_at,
      idempotencyKey: textOf(step.key),
      error: textOf(step.error),
      status: step.status,
    };
    return Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined));
  }

  list(step) {
    const rest = step;
    return {
      organizationId: rest.organization, journeyId: rest.journey, profileId: rest.profile,
      statuses: rest.statuses, triggeredFrom: rest.from, triggeredTo: rest.to, limit: rest.limit,
      order: rest.order, cursor: this.name(textOf(rest.cursor)),
    };
  }

  /** What a step yields, in the words of its `expect`. */
  async run(step) {
    switch (step.do) {
      case 'create':
        return this.outcome(await this.tracker.create(this.members(step)), step);
      case 'start':
      case 'complete':
      case 'exit':
      case 'adopt':
        return this.outcome(
          await this.tracker[step.do](this.name(step.run), this.members(step)), step);
      case 'fail':
        return this.outcome(
          await this.tracker.fail(this.name(step.run), textOf(step.error), this.members(step)),
          step);
      case 'heartbeat':
        return this.outcome(
          await this.tracker.heartbeat(this.name(step.run), step.lease_ms, this.members(step)),
          step);
      default:
        return this[`do_${step.do}`](step);
    }
  }

  outcome(outcome, step) {
    const seen = {outcome: outcome.kind, has_run: outcome.run !== null};
    if (outcome.run === null) return seen;
    if (step.as !== undefined) this.names[step.as] = outcome.run.runId;
    return {...seen, ...this.found(outcome.run)};
  }

  found(run) {
    return {json: JSON.stringify(run), token: Number(run.fencingToken), owner: run.owner,
      run: run.runId, version: parseInt(run.runId[14], 16)};
  }

  async do_apply(step) {
    const commands = expand(step.commands).map((one) => ({kind: one.do, ...this.members(one)}));
    return {outcomes: (await this.tracker.apply(commands)).map((outcome) => outcome.kind)};
  }

  do_get(step) {
    const run = this.tracker.get(this.name(step.run), {organizationId: step.organization});
    return run === null ? {found: false} : {found: true, ...this.found(run)};
  }

  do_get_json(step) {
    const json = this.tracker.getJson(this.name(step.run), step.organization);
    const bytes = this.tracker.getJsonBytes(this.name(step.run), step.organization);
    assert.deepEqual(bytes, Buffer.from(json));
    return {json};
  }

  async do_get_many(step) {
    const ids = expand(step.runs).map((run) => this.name(run));
    const runs = await this.tracker.getMany(ids, {organizationId: step.organization});
    return {found: runs.map((run) => run !== null)};
  }

  async do_list(step) {
    const ids = (page) => page.runs.map((run) => run.runId);
    let page = await this.tracker.list(this.list(step));
    if (step.as !== undefined) this.names[step.as] = page.next;
    const seen = {runs: ids(page), more: page.next !== '', pages: [ids(page)]};
    while (step.expect.pages !== undefined && page.next !== '') {
      page = await this.tracker.list({...this.list(step), cursor: page.next});
      seen.pages.push(ids(page));
    }
    return seen;
  }

  async do_list_json(step) {
    const page = await this.tracker.listJson(this.list(step));
    if (step.as !== undefined) this.names[step.as] = page.next;
    return {json: page.json, count: page.count, more: page.next !== ''};
  }

  async do_counts(step) {
    const counts = await this.tracker.counts(
      {organizationId: step.organization, journeyId: step.journey});
    return {counts: Object.values(counts)};
  }

  async do_changes(step) {
    const page = await this.tracker.changes(step.after, {limit: step.limit});
    return {next: Number(page.next),
      changes: page.changes.map((change) => [change.kind, change.run.runId])};
  }

  async do_wait(step) {
    return this.found(await this.tracker.wait(this.name(step.run),
      {organizationId: step.organization, timeoutMs: step.timeout_ms}));
  }

  async do_orphans(step) {
    const page = await this.tracker.orphans({limit: step.limit});
    return {runs: page.runs.map((run) => run.runId), more: page.next !== ''};
  }

  async do_expired(step) {
    return {runs: (await this.tracker.expired({limit: step.limit ?? 100})).map((run) => run.runId)};
  }

  async do_purge(step) {
    const report = await this.tracker.purge(
      {completedBefore: step.before, limit: step.limit ?? 100, dryRun: step.dry_run});
    return {removed: report.removed, more: report.next !== ''};
  }

  do_clock(step) {
    this.now = step.at;
    this.tracker.setClock(this.now);
    return {};
  }

  async do_close() {
    await this.tracker.close();
    return {};
  }

  async do_reopen(step) {
    await this.tracker.close();
    this.tracker = await this.open({readOnly: step.read_only});
    return {};
  }

  async do_open_again() {
    await (await this.open()).close();
    return {};
  }

  do_id(step) {
    return {text: parseUuid(textOf(step.text))};
  }

  do_instant(step) {
    return {text: formatInstant(parseInstant(textOf(step.text)))};
  }

  /** The threads are the pool's: all calls are made before the first is awaited. */
  async do_race(step) {
    const answers = await Promise.all(Array.from({length: step.threads}, (_, number) => {
      const one = {...step.step};
      if (step.number_owner) one.owner += number;
      return this.run(one).catch((error) => ({outcome: error.code}));
    }));
    const outcomes = {};
    for (const {outcome} of answers) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return {outcomes};
  }

  async check(number, step) {
    let seen;
    try {
      seen = await this.run(step);
    } catch (error) {
      if (!(error instanceof MilepostError)) throw error;
      seen = {error: error.code, said: error.message};
    }
    const where = `step ${number}: ${JSON.stringify(step)} ${seen.said ?? ''}`;
    const expected = step.expect ?? {};
    assert.equal(seen.error, expected.error, where);
    for (const [name, value] of Object.entries(expected)) {
      const isText = name === 'json' || name === 'owner';
      const wanted = isText ? textOf(value) : this.name(expand(value));
      assert.ok(name in seen, where);
      assert.deepEqual(seen[name], wanted, `${where} ${name}`);
    }
  }
}

const options = {
  skip: cases === null && 'MILEPOST_CONTRACT_CASES names no file',
  concurrency: 8,  // cases mostly wait for their syncs
};

test('the cases of the contract', options, async (t) => {
  assert.equal(cases.format, 1);
  assert.ok(cases.cases.length >= 30);
  await Promise.all(cases.cases.map((one) => t.test(one.name, async (part) => {
    let replay = null;
    const where = folder(part, () => replay?.tracker?.close());
    replay = new Replay(where, one);
    replay.tracker = await replay.open();
    for (const [number, step] of one.steps.entries()) await replay.check(number, step);
  })));
});
