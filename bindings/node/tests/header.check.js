// SPDX-License-Identifier: Apache-2.0
//
// Enumerations and struct sizes are the header's, whose facts are in the file that
// MILEPOST_HEADER_FACTS names.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const {test} = require('node:test');

const lib = path.dirname(require.resolve('milepost'));
const names = require(path.join(lib, 'names.js'));
const native = require(path.join(lib, 'native.js'));

const PREFIXES = [
  ['MILEPOST_E_', 'errorCodes'], ['MILEPOST_APPLIED_', 'applied'], ['MILEPOST_RUN_', 'runStatuses'],
  ['MILEPOST_OUTCOME_', 'outcomeKinds'], ['MILEPOST_COMMAND_', 'commandKinds'],
  ['MILEPOST_CHANGE_', 'changeKinds'], ['MILEPOST_BULK_', 'bulkActions'],
  ['MILEPOST_LOG_', 'logLevels'], ['MILEPOST_VERIFY_', 'verifyLevels'],
];
const WHOLE = {
  MILEPOST_OK: 'errorCodes', MILEPOST_NEWEST_FIRST: 'orders', MILEPOST_OLDEST_FIRST: 'orders',
  MILEPOST_LATEST: 'freshnesses', MILEPOST_PUBLISHED: 'freshnesses',
  MILEPOST_DURABLE: 'durabilities', MILEPOST_RELAXED: 'durabilities',
};

function facts(kind) {
  return fs.readFileSync(process.env.MILEPOST_HEADER_FACTS, 'ascii').trim().split('\n')
    .map((line) => line.split(' ')).filter((fact) => fact[0] === kind)
    .map(([, name, number]) => [name, Number(number)]);
}

test('every enumerator is known with its number', () => {
  const count = {};
  for (const [name, number] of facts('enum')) {
    const prefix = PREFIXES.find(([text]) => name.startsWith(text));
    const table = WHOLE[name] ?? prefix?.[1];
    assert.ok(table, `${name} belongs to no table of the package`);
    const member = name in WHOLE ? name.slice('MILEPOST_'.length) : name.slice(prefix[0].length);
    assert.equal(names[table][Math.abs(number)], member.toLowerCase(), name);
    count[table] = (count[table] ?? 0) + 1;
  }
  for (const [table, seen] of Object.entries(count)) {
    assert.equal(names[table].filter(Boolean).length, seen, table);
  }
});

test('every struct has the size', () => {
  const sizes = Object.fromEntries(facts('size'));
  for (const [name, size] of Object.entries(native.layout())) assert.equal(sizes[name], size, name);
});

test('the package has the library\'s version', () => {
  assert.equal(require('milepost/package.json').version, require('milepost').version);
});

test('names of codes are the library\'s', () => {
  names.errorCodes.forEach((name, i) => assert.equal(native.errorName(i === 0 ? 0 : -i), name));
  assert.equal(native.errorName(-1000), 'unknown');
});
