// SPDX-License-Identifier: Apache-2.0
//
// Everything one can get wrong ends in an error that says so, and changes nothing.
'use strict';

const assert = require('node:assert/strict');
const {test} = require('node:test');
const path = require('node:path');
const milepost = require('milepost');
const {NOON, JOURNEY, PROFILE, id, folder, store} = require('./support');

/** Calls that throw and calls whose promise is rejected are the same to a caller who awaits. */
const attempt = async (call) => call();

test('every call after close says closed', async (t) => {
  const {tracker} = await store(t);
  const feed = tracker.subscribe();
  const moment = await tracker.snapshot();
  const operation = tracker.exportRuns();
  await tracker.close();
  await tracker.close();
  tracker.closeSync();
  const calls = [
    () => tracker.create({journeyId: JOURNEY, profileId: PROFILE}), () => tracker.start(id(1)),
    () => tracker.heartbeat(id(1), 1000), () => tracker.apply([{kind: 'start', runId: id(1)}]),
    () => tracker.get(id(1)), () => tracker.getJson(id(1)), () => tracker.getJsonBytes(id(1)),
    () => tracker.getMany([id(1)]), () => tracker.list(), () => tracker.listJson(),
    () => tracker.counts(), () => tracker.changes(), () => tracker.snapshot(),
    () => tracker.subscribe(), () => tracker.wait(id(1)), () => tracker.orphans(),
    () => tracker.expired(), () => tracker.purge({completedBefore: new Date()}),
    () => tracker.eraseProfile(PROFILE), () => tracker.bulk({}), () => operation.next(),
    () => tracker.importRuns(['x']), () => tracker.flush(), () => tracker.stats(),
    () => tracker.verify(), () => tracker.backup('b'), () => tracker.failOrphans(),
    () => tracker.storeId, () => tracker.unpublished, () => tracker.setClock(NOON),
    () => feed.next(), () => moment.counts(), () => moment.getJson(id(1)),
  ];
  for (const call of calls) {
    await assert.rejects(attempt(call), {code: 'closed', name: 'ClosedError'}, call.toString());
  }
  feed.close();
  feed.close();
  moment.close();
  moment.close();
});

test('a close ends calls that wait', async (t) => {
  const {tracker, make} = await store(t);
  await make(1);
  const waits = [tracker.wait(id(1), {timeoutMs: 600_000}),
    tracker.subscribe(milepost.FROM_NOW).next({timeoutMs: 600_000})];
  const ended = Promise.allSettled(waits);
  await tracker.close();
  assert.deepEqual((await ended).map((one) => one.reason.code), ['closed', 'closed']);
});

test('wrong types are TypeErrors', async (t) => {
  const {tracker} = await store(t);
  const one = id(1);
  const run = {journeyId: JOURNEY, profileId: PROFILE};
  const calls = [
    () => tracker.get(1), () => tracker.getJson(undefined), () => tracker.getJson(Buffer.alloc(16)),
    () => tracker.getJson(one, 7), () => tracker.getMany([1]), () => tracker.getMany(7),
    () => tracker.create({...run, profileId: 7}), () => tracker.create({...run, triggeredAt: 7}),
    () => tracker.create({...run, idempotencyKey: 7}), () => tracker.start(one, {owner: 7}),
    () => tracker.start(one, {leaseMs: '1'}), () => tracker.fail(one, 7),
    () => tracker.fail(one, 'x', {onlyIfExpired: 1}), () => tracker.list({order: 'sideways'}),
    () => tracker.complete(one, {fencingToken: '1'}), () => tracker.list({statuses: ['open']}),
    () => tracker.list({limit: '10'}), () => tracker.list({cursor: 7}),
    () => tracker.changes('0'), () => tracker.purge({}), () => tracker.apply([{kind: 'dance'}]),
    () => tracker.apply([null]), () => tracker.bulk({action: 'purge'}),
    () => tracker.fail(one, new Float64Array(4)), () => new milepost.Tracker(),
    () => milepost.Tracker.open(7), () => milepost.Tracker.open('x', {colour: 'red'}),
    () => milepost.Tracker.open('x', {create: 1}), () => milepost.Tracker.open('x', {log: 7}),
    () => milepost.Tracker.attach(7),
  ];
  for (const call of calls) {
    await assert.rejects(attempt(call), TypeError, call.toString());
  }
  assert.equal((await tracker.counts()).queued, 0);
});

test('wrong values are refused', async (t) => {
  const {tracker, where} = await store(t);
  const one = id(1);
  const run = {journeyId: JOURNEY, profileId: PROFILE};
  const calls = [
    () => tracker.get(''), () => tracker.get(`{${JOURNEY}}`), () => tracker.get(`${JOURNEY}0`),
    () => tracker.get(`\u0133${JOURNEY.slice(1)}`), () => tracker.get('x'.repeat(10_000_000)),
    () => tracker.list({limit: 0}),
    () => tracker.list({limit: 1001}), () => tracker.list({limit: -1}),
    () => tracker.list({limit: 1.5}), () => tracker.list({limit: NaN}),
    () => tracker.list({cursor: 'nonsense'}), () => tracker.list({statuses: []}),
    () => tracker.list({timeoutMs: -1}), () => tracker.changes(-1),
    () => tracker.changes(0, {limit: 10_001}), () => tracker.expired({limit: 0}),
    () => tracker.getMany(Array(10_001).fill(one)), () => tracker.start(one, {leaseMs: 0}),
    () => tracker.start(one, {owner: 'o'.repeat(256)}), () => tracker.start(one, {leaseMs: 1e9}),
    () => tracker.create({...run, idempotencyKey: 'k'.repeat(256)}),
    () => tracker.create({...run, triggeredAt: new Date(NaN)}),
    () => tracker.create({...run, triggeredAt: '2023-02-30T00:00:00Z'}),
    () => tracker.complete(one, {fencingToken: 2n ** 64n}),
    () => tracker.complete(one, {fencingToken: -1n}),
    () => tracker.apply(Array(10_001).fill({kind: 'start', runId: one})),
    () => milepost.Tracker.open(path.join(where, 'x'), {readersMax: 1}),
    () => milepost.Tracker.open('nul\0byte'), () => milepost.Tracker.open(''),
  ];
  for (const call of calls) {
    await assert.rejects(attempt(call),
      (error) => error instanceof RangeError || error.code === 'invalid_argument',
      call.toString());
  }
  assert.equal((await tracker.counts()).queued, 0);
});

test('a malformed command spoils its batch before anything is done', async (t) => {
  const {tracker} = await store(t);
  await assert.rejects(
    tracker.apply([{kind: 'create', journeyId: JOURNEY, profileId: PROFILE},
      {kind: 'start', runId: id(1), owner: 'o'.repeat(256)}]),
    (error) => error instanceof milepost.InvalidArgumentError && error.applied === 'no' &&
      error.retrySafe === false && error.number === -1 && /owner/.test(error.message));
  assert.equal((await tracker.counts()).queued, 0);
});

test('huge and hostile texts', async (t) => {
  const {tracker, make} = await store(t);
  await Promise.all([make(1), make(2), make(3)]);
  const {error} = (await tracker.fail(id(1), '\u00fc'.repeat(5_000_000))).require();
  assert.ok(Buffer.byteLength(error) <= 4096 && error.endsWith('\u2026'));
  assert.equal((await tracker.fail(id(2), Buffer.from([97, 255, 98]))).run.error, 'a\ufffdb');
  const hostile = (await tracker.fail(id(3), '\0\x01"\\\n\ud83d </script>')).run.error;
  assert.equal(hostile, '\0\x01"\\\n\ufffd </script>');
  assert.equal(JSON.parse(tracker.getJson(id(3))).error, hostile);
  await assert.rejects(tracker.list({cursor: 'c'.repeat(10_000_000)}),
    milepost.InvalidArgumentError);
});

test('opening says what is wrong', async (t) => {
  const {where} = await store(t);
  const again = path.join(where, 'runs');
  await assert.rejects(milepost.Tracker.open(again), {code: 'already_open'});
  await assert.rejects(milepost.Tracker.open(path.join(where, 'none'), {create: false}),
    milepost.NotFoundError);
  const other = folder(t);
  await (await milepost.Tracker.open(other)).close();
  const reader = await milepost.Tracker.open(other, {readOnly: true});
  await assert.rejects(reader.create({journeyId: JOURNEY, profileId: PROFILE}),
    {code: 'read_only'});
  reader.closeSync();
});

test('forgotten snapshots and subscriptions are freed', async (t) => {
  const {tracker} = await store(t);
  assert.ok(global.gc, 'the tests run with --expose-gc');
  for (let round = 0; round < 10; ++round) {
    for (let n = 0; n < 64; ++n) {  // a tracker has at most 128 snapshots
      await tracker.snapshot();
      tracker.subscribe();
    }
    for (let turn = 0; turn < 5; ++turn) {
      global.gc();
      await new Promise(setImmediate);
    }
  }
  assert.ok((await tracker.stats()).snapshots < 128);
});

test('a resource can be declared with using', async (t) => {
  const {tracker} = await store(t);
  const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose');
  const moment = await tracker.snapshot();
  moment[dispose]();
  assert.throws(() => moment.counts(), milepost.ClosedError);
  tracker[dispose]();
  assert.throws(() => tracker.get(id(1)), milepost.ClosedError);
});
