// SPDX-License-Identifier: Apache-2.0
//
// What one getJson and one relaxed step cost from Node: cost.js FOLDER. No pass condition. Steps
// are awaited one by one: the way to another thread and back is in the number.
'use strict';

const {Tracker} = require('milepost');

const RUNS = 20_000;
const READS = 500_000;
const NIL = '00000000-0000-0000-0000-000000000000';
const id = (n) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

async function main(folder) {
  const tracker = await Tracker.open(folder, {durability: 'relaxed'});
  const ids = Array.from({length: RUNS}, (_, n) => id(n));
  for (let i = 0; i < RUNS; i += 10_000) {
    await tracker.apply(ids.slice(i, i + 10_000).map((runId) =>
      ({kind: 'create', journeyId: NIL, profileId: NIL, runId})));
  }
  const last = ids[RUNS - 1];
  for (let i = 0; i < READS / 10; ++i) tracker.getJson(last);
  let began = process.hrtime.bigint();
  for (let i = 0; i < READS; ++i) tracker.getJson(last);
  const read = Number(process.hrtime.bigint() - began) / READS;
  began = process.hrtime.bigint();
  for (let i = 0; i < READS; ++i) tracker.getJsonBytes(last);
  const bytes = Number(process.hrtime.bigint() - began) / READS;
  began = process.hrtime.bigint();
  for (const runId of ids) await tracker.start(runId);
  const step = Number(process.hrtime.bigint() - began) / RUNS;
  await tracker.close();
  const text = (ns, width) => ns.toFixed(0).padStart(width);
  console.log(`Node   get_json ${text(read, 5)} ns   relaxed step ${text(step, 6)} ns   ` +
    `(getJsonBytes ${text(bytes, 5)} ns)`);
}

main(process.argv[2]);
