/** The DHCPv6 benchmark reads what perfdhcp reports, and counts modifiers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicKey } from '../../identity/keys.ts';
import { RowError } from '../errors.ts';
import { modifierRates } from './modifiers.ts';
import { readReport } from './perfdhcp.ts';

const report = (first: string, second: string) => `***Rate statistics***
Rate: 1934.39 4-way exchanges/second, expected rate: 2000

***Statistics for: SOLICIT-ADVERTISE***
drops ratio: ${first} %
***Statistics for: REQUEST-REPLY***
drops ratio: ${second} %
`;

test('rate, and the larger share of drops', () => {
  assert.deepEqual(readReport(report('0', '0.5')), { rate: 1934.39, drops: 0.005 });
  assert.deepEqual(readReport(report('2', '0.5')), { rate: 1934.39, drops: 0.02 });
});

test('a server that answers nothing drops everything; no report is an error', () => {
  assert.equal(readReport(report('100', '-nan')).drops, 1);
  assert.throws(() => readReport('no such interface'), RowError);
});

test('modifiers: each bit of Sec 1 and 2 costs, and none comes faster than its hash', () => {
  const rates = modifierRates(publicKey, 50);
  assert.deepEqual(
    rates.map(({ sec }) => sec),
    [0, 1, 2],
  );
  for (const { rate, bound } of rates) assert.ok(rate > 0 && bound > 0);
  assert.ok(rates[2]!.rate * 2 ** 16 < rates[0]!.rate);
});
