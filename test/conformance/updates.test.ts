/** RFC 5533 §10.4 and §10.5, where no other test asks it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage, findOption } from '../../control/wire/shim6/index.ts';
import { flipLast } from '../shim6/octets.ts';
import { Pair } from '../shim6/pair.ts';
import { addresses, siteA, withLocators } from '../shim6/sites.ts';

function established(): Pair {
  const pair = new Pair();
  pair.establish();
  pair.runUntil(1_000);
  return pair;
}

test('CGA parameters of another address: the Update Request is discarded', () => {
  const pair = established();
  const [source, destination] = [addresses(pair.a.host)[0]!, addresses(pair.b.host)[0]!];
  const { localTag, peerLocators } = pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!;
  const before = structuredClone(peerLocators);
  const sent = pair.sent.length;
  const request = (parameters: Uint8Array) => ({
    source,
    destination,
    message: encodeMessage({
      type: 'UpdateRequest',
      receiverTag: localTag,
      requestNonce: 1,
      options: [{ type: 'CgaParameterDataStructure', parameters }],
    }),
  });
  const parameters = siteA.identity.parameters(pair.a.host.ulid);
  pair.inject(request(flipLast(parameters)));
  assert.equal(pair.b.core.counters['bad-parameters'], 1);
  assert.ok(!pair.types.slice(sent).includes('UpdateAcknowledgement'));
  assert.deepEqual(pair.b.core.context(pair.b.host.ulid, pair.a.host.ulid)!.peerLocators, before);
  pair.inject(request(parameters));
  assert.equal(pair.types.at(-1), 'UpdateAcknowledgement', 'and with its own it is taken');
});

test('an acknowledgement from elsewhere draws R1bis and acknowledges nothing', () => {
  const pair = established();
  const { a, b } = pair;
  pair.treatment = (sent) => (sent.type === 'UpdateRequest' ? [] : [sent]);
  a.core.setHost(pair.now, withLocators(a.host, { 0: { usable: false } }));
  pair.collect();
  const request = decodeMessage(pair.sent.at(-1)!.message);
  assert.ok(request.type === 'UpdateRequest' && findOption(request, 'LocatorPreferences'));
  const { localTag } = a.core.context(a.host.ulid, b.host.ulid)!;
  const message = encodeMessage({
    type: 'UpdateAcknowledgement',
    receiverTag: localTag,
    requestNonce: request.requestNonce,
    options: [],
  });
  const [ours, theirs] = [addresses(a.host)[1]!, addresses(b.host)[0]!];
  const stranger = addresses(a.host)[0]!;
  pair.inject({ source: stranger, destination: ours, message });
  assert.equal(pair.types.at(-1), 'R1bis');
  assert.notEqual(a.core.nextTimeout(), undefined, 'the Update Request is still to be repeated');
  pair.inject({ source: theirs, destination: ours, message });
  assert.equal(a.core.nextTimeout(), undefined, 'and the true one ends that');
});
