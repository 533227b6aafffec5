#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
//
// A small host: journey_executor.js DIRECTORY [RUNS]. It creates runs, executes them concurrently,
// and picks up after a crash what it finds unfinished. Run it twice: nothing is made or done twice.
'use strict';

const {createHash} = require('node:crypto');
const {Tracker} = require('milepost');

const FIRST = Date.parse('2023-11-07T05:31:56Z');
const STEPS = ['check consent', 'render template', 'send mail'];
const ERRORS = ['mailbox full', '550 5.1.1 Recipient address rejected: User unknown'];
const sha256 = (text) => createHash('sha256').update(text).digest();

/** An id that follows from its arguments, so that the same sample makes nothing twice. */
function madeUp(kind, number) {
  const hex = sha256(`${kind} ${number}`).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), '4' + hex.slice(13, 16), '8' + hex.slice(17, 20),
    hex.slice(20, 32)].join('-');
}

/** Batches share one durable commit; `unchanged` is a run of an earlier time. */
async function createRuns(tracker, count, batch = 500) {
  let made = 0;
  for (let start = 0; start < count; start += batch) {
    const numbers = Array.from({length: Math.min(batch, count - start)}, (_, i) => start + i);
    const outcomes = await tracker.apply(numbers.map((n) => ({
      kind: 'create', runId: madeUp('run', n), journeyId: madeUp('journey', n % 8),
      profileId: madeUp('profile', n % Math.ceil(count * 0.75)),
      triggeredAt: new Date(FIRST + n * 1000),
    })));
    made += outcomes.filter((outcome) => outcome.applied).length;
  }
  return made;
}

/** Claims a run and ends it; false if somebody else has it, or has done it already. */
async function execute(tracker, run, owner) {
  const claim = run.status === 'running'  // an orphan: the token proves nobody adopted it since
    ? await tracker.adopt(run.runId, {owner, fencingToken: run.fencingToken})
    : await tracker.start(run.runId, {owner});
  if (!claim.applied) return false;
  const mine = {owner, fencingToken: claim.run.fencingToken};
  for (let step = 0; step < STEPS.length; ++step) {
    const dice = sha256(`${run.profileId} ${step}`)[0];
    if (dice < 8) return (await tracker.exit(run.runId, mine)).applied;  // left the journey
    if (dice < 20) return (await tracker.fail(run.runId, ERRORS[dice % 2], mine)).applied;
  }
  return (await tracker.complete(run.runId, mine)).applied;
}

async function main(directory, count = 2000, workers = 8) {
  const tracker = await Tracker.open(directory);
  try {
    console.log(`created ${await createRuns(tracker, count)} of ${count}`);
    const work = [...(await tracker.orphans({limit: 1000})).runs];
    const orphans = work.length;
    for await (const run of tracker.runs({statuses: 'queued', order: 'oldest_first'})) {
      work.push(run);
    }
    let done = 0;
    let next = 0;
    await Promise.all(Array.from({length: workers}, async (_, number) => {
      while (next < work.length) {
        if (await execute(tracker, work[next++], `worker-${number}`)) ++done;
      }
    }));
    console.log(`executed ${done} of ${work.length}, ${orphans} of them orphans`);
    console.log(JSON.stringify(await tracker.counts()));
    for (const status of ['completed', 'failed', 'exited']) {
      console.log((await tracker.listJson({statuses: status, limit: 1})).json);
    }
  } finally {
    await tracker.close();
  }
}

if (require.main === module) {
  const [directory, count] = process.argv.slice(2);
  if (directory === undefined) {
    console.error('usage: journey_executor.js DIRECTORY [RUNS]');
    process.exitCode = 2;
  } else {
    main(directory, count && Number(count));
  }
}

module.exports = {createRuns, madeUp};
