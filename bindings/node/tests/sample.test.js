// SPDX-License-Identifier: Apache-2.0
//
// The sample does what it says, twice, and picks up what a kill left unfinished; and the example of
// the README runs.
'use strict';

const assert = require('node:assert/strict');
const {execFileSync} = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const {test} = require('node:test');
const {folder} = require('./support');

const top = path.dirname(__dirname);
const sample = path.join(top, 'samples', 'journey_executor.js');

function run(where, count) {
  return execFileSync(process.execPath, [sample, where, String(count)],
    {encoding: 'utf8', timeout: 60_000}).split('\n');
}

test('nothing is made or done twice', (t) => {
  const where = folder(t);
  const first = run(where, 300);
  assert.deepEqual(first.slice(0, 2),
    ['created 300 of 300', 'executed 300 of 300, 0 of them orphans']);
  const counts = JSON.parse(first[2]);
  assert.deepEqual([counts.queued, counts.running], [0, 0]);
  assert.equal(counts.completed + counts.failed + counts.exited, 300);
  assert.ok(counts.completed > 0 && counts.failed > 0 && counts.exited > 0);
  assert.deepEqual(run(where, 300).slice(0, 3),
    ['created 0 of 300', 'executed 0 of 0, 0 of them orphans', first[2]]);
});

test('orphans of a killed process are adopted', (t) => {
  const where = folder(t);
  const program = `const {Tracker} = require('milepost');
    const {createRuns, madeUp} = require(${JSON.stringify(sample)});
    (async () => {
      const tracker = await Tracker.open(process.argv[1]);
      await createRuns(tracker, 50);
      for (let n = 0; n < 5; ++n) {
        (await tracker.start(madeUp('run', n), {owner: 'gone'})).require();
      }
      process.kill(process.pid, 'SIGKILL');
    })();`;
  assert.throws(() => execFileSync(process.execPath, ['-e', program, where], {cwd: top}),
    {signal: 'SIGKILL'});
  assert.deepEqual(run(where, 50).slice(0, 2),
    ['created 0 of 50', 'executed 50 of 50, 5 of them orphans']);
});

test('the example of the README runs', (t) => {
  const where = folder(t);
  const readme = fs.readFileSync(path.join(top, 'README.md'), 'utf8');
  const [, example] = /```js\n(.*?)```/s.exec(readme);
  const said = execFileSync(process.execPath,
    ['-e', example.replace("'runs'", JSON.stringify(where))],
    {encoding: 'utf8', cwd: top, timeout: 60_000});
  assert.match(said, /"error":"mailbox full"\}\n\S+ mailbox full 20/);
});
