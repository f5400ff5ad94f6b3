import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { readHeader } from '../../../control/wire/dns/header.ts';
import { parseName } from '../../../control/wire/dns/name.ts';
import { FUDGE, signMessage, verifyAnswer } from '../../../control/wire/dns/tsig.ts';
import { encodeUpdateRequest } from '../../../control/wire/dns/update.ts';

const key = {
  name: parseName('Box1.example'),
  algorithm: 'hmac-sha256' as const,
  secret: new Uint8Array(32).fill(7),
};
const NOW = 1_700_000_000;
const zone = parseName('bar.com');
const name = parseName('h1.bar.com');
const request = encodeUpdateRequest(0x1234, {
  zone,
  prerequisites: [{ kind: 'name-not-in-use', name }],
  steps: [
    { kind: 'delete-set', name, type: 28 },
    { kind: 'add', record: { name, type: 28, data: new Uint8Array(16).fill(1) }, ttl: 60 },
    { kind: 'delete', record: { name, type: 28, data: new Uint8Array(16).fill(2) } },
  ],
});

describe('an UPDATE message', () => {
  it('is of opcode 5, its zone, prerequisites and steps in their sections', () => {
    const header = readHeader(request);
    assert.deepEqual(
      [header.flags, header.questions, header.answers, header.authorities, header.additionals],
      [0x2800, 1, 1, 3, 0],
    );
  });
});

/** An answer to a request with `mac`, as a server signs it: RFC 8945 §5.3 puts the request's MAC first. */
function answerTo(mac: Uint8Array, now: number, changes: { secret?: Uint8Array } = {}): Uint8Array {
  const response = request.slice();
  response[2]! |= 0x80;
  // Python's hmac and struct, so that the code under test does not judge itself.
  const script = `
import hmac, hashlib, struct, sys
message, mac = bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2])
now, secret = int(sys.argv[3]), bytes.fromhex(sys.argv[4])
name, algorithm = b'\\4box1\\7example\\0', b'\\x0bhmac-sha256\\0'
time = struct.pack('>HI', now >> 32, now & 0xffffffff)
variables = name + struct.pack('>HI', 255, 0) + algorithm + time + struct.pack('>HHH', ${FUDGE}, 0, 0)
digest = hmac.new(secret, struct.pack('>H', len(mac)) + mac + message + variables, hashlib.sha256).digest()
data = algorithm + time + struct.pack('>HH', ${FUDGE}, len(digest)) + digest + message[:2] + struct.pack('>HH', 0, 0)
count = struct.pack('>H', struct.unpack('>H', message[10:12])[0] + 1)
sys.stdout.write((message[:10] + count + message[12:] + name + struct.pack('>HHIH', 250, 255, 0, len(data)) + data).hex())
`;
  const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');
  const words = [hex(response), hex(mac), String(now), hex(changes.secret ?? key.secret)];
  return Uint8Array.from(
    Buffer.from(execFileSync('python3', ['-c', script, ...words], { encoding: 'utf8' }), 'hex'),
  );
}

describe('TSIG', () => {
  const { message, mac } = signMessage(request, key, NOW);

  it('adds one record to the additional section and nothing else', () => {
    assert.equal(readHeader(message).additionals, 1);
    const before = message.slice(0, request.length);
    before[11] = 0;
    assert.deepEqual(before, request);
  });

  it('believes an answer that is signed with the key over the request, whatever case the name has', () => {
    assert.equal(verifyAnswer(answerTo(mac, NOW), key, mac, NOW), undefined);
  });

  it('does not believe one that is unsigned, forged, of another request or another time', () => {
    const answer = answerTo(mac, NOW);
    assert.equal(verifyAnswer(request, key, mac, NOW), 'unsigned');
    for (const offset of [3, 14, request.length + 60]) {
      const changed = answer.slice();
      changed[offset]! ^= 1;
      assert.equal(verifyAnswer(changed, key, mac, NOW), 'forged', `octet ${offset}`);
    }
    assert.equal(verifyAnswer(answerTo(mac, NOW, { secret: new Uint8Array(32) }), key, mac, NOW), 'forged');
    assert.equal(verifyAnswer(answer, key, new Uint8Array(32), NOW), 'forged');
    assert.equal(verifyAnswer(answer, { ...key, name: parseName('box2.example') }, mac, NOW), 'other-key');
    assert.equal(verifyAnswer(answer, key, mac, NOW + FUDGE), undefined);
    assert.equal(verifyAnswer(answer, key, mac, NOW + FUDGE + 1), 'time');
  });

  it('bears with an answer cut short anywhere', () => {
    const answer = answerTo(mac, NOW);
    for (let length = 0; length < answer.length; length++) {
      let result: unknown = 'thrown';
      try {
        result = verifyAnswer(answer.subarray(0, length), key, mac, NOW);
      } catch (error) {
        assert.equal((error as Error).name, 'DnsDecodeError', `${error}`);
      }
      assert.notEqual(result, undefined);
    }
  });
});
