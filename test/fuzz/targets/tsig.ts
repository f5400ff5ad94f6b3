/** Answers to signed updates, RFC 8945 §5.3: whatever a server or somebody in between sends. */
import { DnsDecodeError } from '../../../control/wire/dns/decode-error.ts';
import { parseName } from '../../../control/wire/dns/name.ts';
import { signMessage, verifyAnswer } from '../../../control/wire/dns/tsig.ts';
import { encodeUpdateRequest } from '../../../control/wire/dns/update.ts';
import { hold, type Target } from '../target.ts';

const NOW = 1_700_000_000;
const key = {
  name: parseName('box1'),
  algorithm: 'hmac-sha256' as const,
  secret: new Uint8Array(32).fill(7),
};
const request = encodeUpdateRequest(0x1234, {
  zone: parseName('bar.com'),
  prerequisites: [],
  steps: [{ kind: 'delete-set', name: parseName('h1.bar.com'), type: 28 }],
});
const signed = signMessage(request, key, NOW);

/** As a server answers: the request's header and zone, with QR set. */
function answer(): Uint8Array {
  const octets = signed.message.slice();
  octets[2]! |= 0x80;
  return octets;
}

export const target: Target = {
  invariant:
    'a reason not to believe it, or a DnsDecodeError: nothing is believed that the key has not signed',
  maximumLength: 1024,
  watched: ['/control/wire/dns/'],
  dictionary: [
    Uint8Array.of(4, 0x62, 0x6f, 0x78, 0x31, 0),
    parseName('hmac-sha256'),
    Uint8Array.of(0, 250, 0, 255),
    Uint8Array.of(0, 16, 0, 0),
    Uint8Array.of(0xc0, 12),
  ],
  seeds: () => [answer(), request, signed.message],
  run(input) {
    try {
      const failure = verifyAnswer(input, key, signed.mac, NOW);
      hold(failure !== undefined, 'an answer is believed that nobody signed');
    } catch (error) {
      if (!(error instanceof DnsDecodeError)) throw error;
    }
  },
};
