// SPDX-License-Identifier: Apache-2.0
//
// Worker threads, processes, and the event loop.
'use strict';

const assert = require('node:assert/strict');
const {execFileSync} = require('node:child_process');
const {once} = require('node:events');
const path = require('node:path');
const {test} = require('node:test');
const {Worker} = require('node:worker_threads');
const milepost = require('milepost');
const {JOURNEY, PROFILE, id, folder, store} = require('./support');

function worker(body, workerData) {
  return new Worker(`const {parentPort, workerData} = require('node:worker_threads');
    const {Tracker} = require(${JSON.stringify(require.resolve('milepost'))});
    (async () => { ${body} })();`, {eval: true, workerData});
}

test('workers share a tracker, and each run is won once', async (t) => {
  const {tracker, make} = await store(t);
  await Promise.all(Array.from({length: 60}, (_, n) => make(n)));
  const ids = Array.from({length: 60}, (_, n) => id(n));
  const workers = ['a', 'b', 'c'].map((owner) => worker(`
    const tracker = Tracker.attach(workerData.token);
    const all = await Promise.all(
      workerData.ids.map((run) => tracker.start(run, {owner: workerData.owner})));
    parentPort.postMessage(all.filter((outcome) => outcome.applied).length);`,
  {token: tracker.share(), ids, owner}));
  const won = await Promise.all(workers.map(async (one) => (await once(one, 'message'))[0]));
  assert.equal(won.reduce((a, b) => a + b), 60);
  assert.equal((await tracker.counts()).running, 60);
});

test('a worker that is terminated while it waits takes its tracker with it', async (t) => {
  const where = folder(t);
  const one = worker(`
    const tracker = await Tracker.open(workerData, {log: () => {}});
    const made = await tracker.create({journeyId: '${JOURNEY}', profileId: '${PROFILE}'});
    tracker.wait(made.run.runId, {timeoutMs: 600000});
    tracker.subscribe().next({timeoutMs: 600000});
    parentPort.postMessage('waiting');`, where);
  assert.deepEqual(await once(one, 'message'), ['waiting']);
  await one.terminate();
  const tracker = await milepost.Tracker.open(where);
  assert.equal((await tracker.counts()).queued, 1);
  await tracker.close();
});

test('a handle that outlives its tracker in a worker is told closed', async (t) => {
  const {tracker} = await store(t);
  const token = tracker.share();
  await tracker.close();
  assert.throws(() => milepost.Tracker.attach(token).get(id(1)), milepost.ClosedError);
  assert.throws(() => milepost.Tracker.attach(0n).get(id(1)), milepost.InvalidArgumentError);
});

test('another process reads what is published, and is refused to write', async (t) => {
  const {tracker, make, where} = await store(t);
  await make(1);
  await tracker.flush();
  const program = `const {Tracker} = require(${JSON.stringify(require.resolve('milepost'))});
    (async () => {
      const reader = await Tracker.open(process.argv[1], {readOnly: true});
      console.log(reader.getJson(process.argv[2]));
      await reader.close();
      await Tracker.open(process.argv[1]).catch((error) => console.log(error.name, error.message));
    })();`;
  const said = execFileSync(process.execPath, ['-e', program, path.join(where, 'runs'), id(1)],
    {encoding: 'utf8'}).split('\n');
  assert.equal(said[0], tracker.getJson(id(1)));
  assert.match(said[1], new RegExp(`^LockedError .*${process.pid}`));
});

test('a process that ends with everything open ends at once', async (t) => {
  const program = `const {Tracker} = require(${JSON.stringify(require.resolve('milepost'))});
    (async () => {
      const tracker = await Tracker.open(process.argv[1]);
      const made = await tracker.create({journeyId: '${JOURNEY}', profileId: '${PROFILE}'});
      tracker.wait(made.run.runId, {timeoutMs: 600000});
      await tracker.snapshot();
      process.exit(3);
    })();`;
  const where = folder(t);
  assert.throws(() => execFileSync(process.execPath, ['-e', program, where], {timeout: 60_000}),
    {status: 3});
  const tracker = await milepost.Tracker.open(where);
  assert.equal((await tracker.counts()).queued, 1);
  await tracker.close();
});

test('the log reaches JavaScript', async (t) => {
  const program = `const {Tracker} = require(${JSON.stringify(require.resolve('milepost'))});
    (async () => {
      const tracker = await Tracker.open(process.argv[1]);
      await tracker.create({journeyId: '${JOURNEY}', profileId: '${PROFILE}'});
      process.kill(process.pid, 'SIGKILL');
    })();`;
  const where = folder(t);
  assert.throws(() => execFileSync(process.execPath, ['-e', program, where]), {signal: 'SIGKILL'});
  const lines = [];
  // There is a journal to replay, which the log tells of.
  const tracker = await milepost.Tracker.open(where,
    {log: (level, text) => lines.push([level, text])});
  assert.equal((await tracker.counts()).queued, 1);
  await tracker.close();
  while (lines.length === 0) await new Promise(setImmediate);
  for (const [level, text] of lines) {
    assert.match(level, /^(debug|info|warning|error)$/);
    assert.equal(typeof text, 'string');
  }
});

test('a command is under way, and the event loop free, when its call returns', async (t) => {
  const {tracker} = await store(t);
  const made = tracker.create({journeyId: JOURNEY, profileId: PROFILE});
  const first = await Promise.race([made.then(() => 'done'), Promise.resolve('under way')]);
  assert.equal(first, 'under way');
  assert.ok((await made).applied);
});

test('commands that are awaited together share commits', async (t) => {
  const {tracker} = await store(t);
  await Promise.all(Array.from({length: 400}, () =>
    tracker.create({journeyId: JOURNEY, profileId: PROFILE})));
  const {commands, groups} = await tracker.stats();
  assert.equal(commands, 400);
  assert.ok(groups < 400, `${groups} groups`);
});
