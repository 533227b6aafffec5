// SPDX-License-Identifier: Apache-2.0
//
// What the tracker does, seen from Node.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const {test} = require('node:test');
const path = require('node:path');
const milepost = require('milepost');
const {NOON, JOURNEY, PROFILE, id, store} = require('./support');

const nil = '00000000-0000-0000-0000-000000000000';

test('a run goes from queued to failed', async (t) => {
  const {tracker, make} = await store(t);
  const run = await make(1);
  assert.deepEqual({...run}, {
    runId: id(1), journeyId: JOURNEY, profileId: PROFILE, organizationId: nil, status: 'queued',
    triggeredAt: new Date(NOON), startedAt: null, completedAt: null, error: null, owner: '',
    fencingToken: 0n, sequence: 1n,
    micros: {triggeredAt: 1_699_335_116_000_000n, startedAt: null, completedAt: null},
  });
  const started = await tracker.start(id(1), {owner: 'worker-7'});
  assert.equal(started.kind, 'applied');
  assert.deepEqual(started.run.startedAt, new Date(NOON));
  assert.equal((await tracker.start(id(1), {owner: 'worker-8'})).kind, 'conflict');
  const failed = (await tracker.fail(id(1), 'mailbox \u00fc\u{1f600} full')).require();
  assert.equal(failed.error, 'mailbox \u00fc\u{1f600} full');
  assert.ok(failed.final);
  const illegal = await tracker.complete(id(1));
  assert.throws(() => illegal.require(), milepost.OutcomeError);
  assert.deepEqual(tracker.get(id(1)), failed);
});

test('every other ending, and an unknown run', async (t) => {
  const {tracker, make} = await store(t);
  await Promise.all([make(1), make(2)]);
  await tracker.start(id(1));
  assert.equal((await tracker.complete(id(1))).run.status, 'completed');
  assert.equal((await tracker.exit(id(2))).run.status, 'exited');
  assert.equal((await tracker.exit(id(2))).kind, 'unchanged');
  const nobody = await tracker.start(id(3));
  assert.deepEqual({...nobody}, {kind: 'not_found', run: null});
  assert.equal(tracker.get(id(3)), null);
});

test('the public JSON to the byte', async (t) => {
  const {tracker, make} = await store(t);
  await make(1);
  const json = `{"runId":"${id(1)}","journeyId":"${JOURNEY}","profileId":"${PROFILE}",` +
    `"status":"queued","triggeredAt":"${NOON}","completedAt":null,"error":null}`;
  assert.equal(tracker.getJson(id(1)), json);
  assert.deepEqual(tracker.getJsonBytes(id(1)), Buffer.from(json));
  await tracker.fail(id(1), 'Gr\u00fc\u00dfe \u2028');
  assert.equal(JSON.stringify(tracker.get(id(1))), tracker.getJson(id(1)));
  assert.equal(JSON.parse(tracker.getJson(id(1))).error, 'Gr\u00fc\u00dfe \u2028');
  assert.throws(() => tracker.getJson(id(1), id(9)), milepost.NotFoundError);
});

test('instants are Dates, bigints or texts, and keep their microseconds', async (t) => {
  const {make} = await store(t);
  assert.deepEqual((await make(1, {triggeredAt: new Date(NOON)})).triggeredAt, new Date(NOON));
  const micros = await make(2, {triggeredAt: '2023-11-07T05:31:56.123456Z'});
  assert.equal(micros.micros.triggeredAt, 1_699_335_116_123_456n);
  assert.equal(micros.triggeredAt.toISOString(), '2023-11-07T05:31:56.123Z');
  const before = await make(3, {triggeredAt: -1n});
  assert.equal(before.triggeredAt.getTime(), -1);
  assert.equal(before.micros.triggeredAt, -1n);
  const last = await make(4, {triggeredAt: '9999-12-31T23:59:59.999999Z'});
  assert.equal(last.triggeredAt.toISOString(), '9999-12-31T23:59:59.999Z');
  assert.equal(milepost.formatInstant(last.micros.triggeredAt), '9999-12-31T23:59:59.999999Z');
});

test('idempotency keys, leases and adoption', async (t) => {
  const {tracker} = await store(t);
  const order = {journeyId: JOURNEY, profileId: PROFILE, idempotencyKey: 'order-4711'};
  const first = await tracker.create(order);
  const second = await tracker.create({...order, idempotencyKey: Buffer.from('order-4711')});
  assert.deepEqual([first.kind, second.kind], ['created', 'unchanged']);
  const runId = first.run.runId;
  await tracker.start(runId, {owner: 'a', leaseMs: 30_000});
  tracker.setClock('2023-11-07T05:32:16Z');
  assert.ok((await tracker.heartbeat(runId, 30_000, {owner: 'a'})).applied);
  assert.deepEqual(await tracker.expired(), []);
  tracker.setClock('2023-11-07T05:32:47Z');
  assert.deepEqual((await tracker.expired()).map((run) => run.runId), [runId]);
  const mine = (await tracker.adopt(runId, {owner: 'b', onlyIfExpired: true})).require();
  assert.deepEqual([mine.owner, mine.fencingToken], ['b', 2n]);
  const late = await tracker.complete(runId, {owner: 'a', fencingToken: 1n});
  assert.equal(late.kind, 'conflict');
});

/** 25 queued runs, one a second. */
async function many(t) {
  const made = await store(t);
  await made.tracker.apply(Array.from({length: 25}, (_, n) => ({
    kind: 'create', journeyId: JOURNEY, profileId: PROFILE, runId: id(n),
    triggeredAt: new Date(Date.parse(NOON) + 1000 * n),
  })));
  return made;
}

test('a batch answers each command', async (t) => {
  const {tracker} = await many(t);
  const outcomes = await tracker.apply([
    {kind: 'start', runId: id(0), owner: 'w'}, {kind: 'fail', runId: id(0), error: 'no'},
    {kind: 'start', runId: id(99)}, {kind: 'exit', runId: id(1)},
    {kind: 'import', runId: id(50), journeyId: JOURNEY, profileId: PROFILE, status: 'failed',
      triggeredAt: NOON, completedAt: NOON, error: 'old'}]);
  assert.deepEqual(outcomes.map((o) => o.kind),
    ['applied', 'applied', 'not_found', 'applied', 'created']);
  assert.deepEqual(await tracker.apply([]), []);
});

test('pages have every run once, in order, and filters hold', async (t) => {
  const {tracker} = await many(t);
  const seen = [];
  for (let cursor = undefined; cursor !== '';) {
    const page = await tracker.list({limit: 10, cursor, order: 'oldest_first'});
    seen.push(...page.runs.map((run) => run.runId));
    cursor = page.next;
  }
  assert.deepEqual(seen, Array.from({length: 25}, (_, n) => id(n)));
  const again = [];
  for await (const run of tracker.runs({limit: 7})) again.push(run.runId);
  assert.deepEqual(again, seen.reverse());
  await tracker.exit(id(3));
  const exited = await tracker.listJson({journeyId: JOURNEY, statuses: 'exited'});
  assert.deepEqual(JSON.parse(exited.json).map((run) => run.runId), [id(3)]);
  assert.deepEqual([exited.count, exited.next], [1, '']);
  assert.equal((await tracker.list({organizationId: id(77)})).runs.length, 0);
  const window = await tracker.list({triggeredFrom: new Date(Date.parse(NOON) + 5000),
    triggeredTo: new Date(Date.parse(NOON) + 7000)});
  assert.equal(window.runs.length, 2);
});

test('a snapshot is one moment', async (t) => {
  const {tracker} = await many(t);
  const moment = await tracker.snapshot();
  await tracker.exit(id(0));
  assert.equal(moment.counts().queued, 25);
  assert.equal(moment.get(id(0)).status, 'queued');
  assert.match(moment.getJson(id(0)), /"queued"/);
  assert.deepEqual(moment.getMany([id(0), id(99)]).map((run) => run && run.status),
    ['queued', null]);
  assert.equal(moment.list({limit: 1000}).runs.length, 25);
  assert.equal(moment.changes(20).changes.length, 5);
  assert.equal(moment.sequence, 25n);
  moment.close();
  assert.throws(() => moment.get(id(0)), milepost.ClosedError);
  assert.equal((await tracker.counts({journeyId: JOURNEY})).exited, 1);
});

test('the change feed, by page and by subscription', async (t) => {
  const {tracker} = await many(t);
  await tracker.start(id(0));
  const page = await tracker.changes(24, {limit: 1});
  assert.deepEqual([page.changes.length, page.next, page.newest], [1, 25n, 26n]);
  assert.equal(page.storeId, tracker.storeId);
  const feed = tracker.subscribe(25n);
  const seen = [];
  const reading = (async () => {
    for await (const change of feed) {
      seen.push([change.kind, change.sequence]);
      if (seen.length === 2) feed.stop();
    }
  })();
  await tracker.exit(id(2));
  await reading;
  assert.deepEqual(seen, [['started', 26n], ['exited', 27n]]);
  assert.equal(feed.position, 27n);
  await assert.rejects(feed.next({timeoutMs: 0}), milepost.CancelledError);
  feed.close();
});

test('wait is woken by the commit and holds up neither loop nor pool', async (t) => {
  const {tracker} = await many(t);
  await assert.rejects(tracker.wait(id(0), {timeoutMs: 0}), milepost.BusyError);
  // More waits than a pool has threads: were they its own, the exits would never run.
  const waits = Array.from({length: 75}, (_, n) =>
    tracker.wait(id(n % 25), {timeoutMs: 60_000}));
  for (let n = 0; n < 25; ++n) await tracker.exit(id(n));
  assert.ok((await Promise.all(waits)).every((run) => run.status === 'exited'));
});

test('bulk, purge and erasure', async (t) => {
  const {tracker} = await many(t);
  const dry = await tracker.bulk({action: 'fail', error: 'stop', dryRun: true});
  assert.deepEqual([dry.matched, dry.applied, dry.sample[0].status], [25, 0, 'queued']);
  const done = await tracker.bulk({action: 'fail', error: 'stop', statuses: ['queued']});
  assert.deepEqual([done.applied, done.next], [25, '']);
  const purged = await tracker.purge({completedBefore: new Date('2024-01-01'), limit: 5});
  assert.equal(purged.removed, 5);
  assert.notEqual(purged.next, '');
  assert.equal((await tracker.eraseProfile(PROFILE)).runs, 20);
  assert.deepEqual(await tracker.counts(),
    {queued: 0, running: 0, completed: 0, failed: 0, exited: 0});
});

test('verify, backup, restore and repair', async (t) => {
  const {tracker, where} = await many(t);
  const at = (name) => path.join(where, name);
  assert.ok((await tracker.verify({level: 'pages'})).sound);
  const steps = [];
  const backup = await tracker.backup(at('backup'), {onProgress: (step) => steps.push(step)});
  assert.equal(backup.sequence, 25n);
  assert.equal(steps.at(-1).bytes, backup.bytes);
  assert.equal((await milepost.verify(at('backup'))).runs, 25);
  const restored = await milepost.restore(at('backup'), at('restored'));
  const again = await milepost.Tracker.open(at('restored'));
  assert.equal(again.storeId, restored.storeId);
  assert.equal(again.getJson(id(1)), tracker.getJson(id(1)));
  await again.close();
  assert.equal((await milepost.repair(at('restored'), at('repaired'))).runs, 25);
  await assert.rejects(tracker.backup(at('backup')), milepost.InvalidArgumentError);
  await assert.rejects(milepost.verify(at('none')), milepost.NotFoundError);
  await assert.rejects(tracker.verify({level: 'deep'}), TypeError);
});

test('an aborted backup leaves nothing behind', async (t) => {
  const {tracker, where} = await many(t);
  const to = path.join(where, 'backup');
  await assert.rejects(tracker.backup(to, {signal: AbortSignal.abort()}), {name: 'AbortError'});
  await assert.rejects(tracker.backup(to, {onProgress: () => { throw new Error('enough'); }}),
    {message: 'enough'});
  assert.deepEqual(fs.readdirSync(where), ['runs']);
});

test('all orphans are failed', async (t) => {
  const {tracker, where} = await many(t);
  await tracker.start(id(1));
  await tracker.close();
  const again = await milepost.Tracker.open(path.join(where, 'runs'));
  assert.deepEqual(await again.failOrphans('the host died'), {failed: 1, more: false});
  assert.equal(again.get(id(1)).error, 'the host died');
  await again.close();
});

test('export, import and stats', async (t) => {
  const {tracker, where} = await many(t);
  const chunks = [];
  for await (const lines of tracker.exportRuns()) chunks.push(lines);
  const lines = Buffer.concat(chunks);
  const other = await milepost.Tracker.open(path.join(where, 'other'));
  const report = await other.importRuns([lines, 'nonsense\n']);
  assert.deepEqual([report.created, report.refused, report.problems[0].line], [25, 1, 26]);
  assert.equal((await other.counts()).queued, 25);
  const stats = await other.stats();
  assert.deepEqual([stats.queued, stats.sequence], [25, 25]);
  assert.match(stats.prometheus, /^# /m);
  assert.ok(stats.trees.some((tree) => tree.name === 'runs'));
  await other.close();
});
