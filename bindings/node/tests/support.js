// SPDX-License-Identifier: Apache-2.0
//
// What the tests share: a store in a folder that goes away, and ids that are easy to tell apart.
'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {Tracker} = require('milepost');

const NOON = '2023-11-07T05:31:56Z';
const JOURNEY = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const PROFILE = '4d01d4dd-1e55-4c61-9999-9ee36847163b';
const SMALL = {mapSizeStart: 1 << 20, mapSizeMax: 1 << 28, journalSegmentBytes: 1 << 16,
  journalBytesMax: 1 << 20};

function id(number) {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
}

/** A fresh folder that the test removes; `before` is called first, since hooks have no order. */
function folder(t, before = () => {}) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'milepost-node-'));
  t.after(async () => {
    await before();
    fs.rmSync(made, {recursive: true, force: true});
  });
  return made;
}

/** A tracker whose clock stands still, with `make` for runs. */
async function store(t) {
  let tracker = null;
  const where = folder(t, () => tracker?.close());
  tracker = await Tracker.open(path.join(where, 'runs'), {clock: NOON, ...SMALL});
  const make = async (number, rest = {}) => (await tracker.create(
    {journeyId: JOURNEY, profileId: PROFILE, runId: id(number), ...rest})).require();
  return {where, tracker, make};
}

module.exports = {NOON, JOURNEY, PROFILE, id, folder, store};
