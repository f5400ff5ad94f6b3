/** RFC 5533 §8 to §16: ICMP errors, teardown, updates, payload, receiving, keys. */
import { at, must, mustNot, type Requirement, recommended, should, tested } from '../requirement.ts';

const tooShort = at(
  'conformance/formats',
  'a message shorter than its type has to be is discarded without an answer',
);
const staleTag = at(
  'shim6/update',
  'sent from an address that is no locator of the peer, or for an unknown tag: R1bis',
);
const criticalError = at(
  'shim6/critical-options',
  'C=1: Error 1 with the pointer at the Option Type, and no more',
);

export const afterwards: readonly Requirement[] = [
  must(
    '8',
    'ICMP messages reach the upper layers, unless the shim has acted on them.',
    tested(
      at('adapters/icmp-errors', 'of every type reach the host, about its own packet'),
      at('wire/icmp6/host-error', 'an error about a shimmed packet, for its host (RFC 5533 §8)'),
      at('bpf/icmp', 'ICMPv6 errors (RFC 5533 §8)'),
    ),
  ),
  should(
    '8',
    'An option delivers every ICMP message to the upper layers, those acted on included.',
    tested(at('adapters/icmp-errors', 'that SHIM6 sees to are told or not, as the site wishes')),
  ),

  recommended(
    '9',
    'A context is kept while an upper-layer protocol is known to use it.',
    tested(at('dataplane/idle-scan', 'one that sends is kept, and so is one that receives')),
  ),
  recommended(
    '9',
    'A context is torn down only once the traffic sent and received with it has been silent.',
    tested(
      at(
        'dataplane/idle-scan',
        'a context is discarded once both directions have been silent for long enough, and once only',
      ),
      at('shim6/unfinished', 'discard takes established contexts alone'),
    ),
  ),

  must(
    '10.4',
    'An Update Request below 16 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort),
  ),
  must(
    '10.4',
    'The addresses of an Update Request are verified to be in Ls(peer) and Ls(local).',
    tested(staleTag),
  ),
  must('10.4', 'An Update Request between other addresses draws R1bis and is ignored.', tested(staleTag)),
  must(
    '10.4',
    'CGA Parameters in an Update Request are verified to be those of ULID(peer).',
    tested(at('conformance/updates', 'CGA parameters of another address: the Update Request is discarded')),
  ),
  must(
    '10.5',
    'An Update Acknowledgement below 16 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort),
  ),
  must(
    '10.5',
    'The addresses of an Update Acknowledgement are verified to be in Ls(peer) and Ls(local).',
    tested(
      at('conformance/updates', 'an acknowledgement from elsewhere draws R1bis and acknowledges nothing'),
    ),
  ),
  must(
    '10.5',
    'An Update Acknowledgement between other addresses draws R1bis and is ignored.',
    tested(
      at('conformance/updates', 'an acknowledgement from elsewhere draws R1bis and acknowledges nothing'),
    ),
  ),

  mustNot(
    '11.1',
    'Rewriting addresses does not recalculate the checksums of upper layers.',
    tested(
      at('bpf/inside', 'payload header position (RFC 5533 §4.6, §11.1)'),
      at('bpf/outside', 'the payload header is removed wherever it stands'),
    ),
  ),
  should(
    '12.2',
    'Payload for which there is no context draws R1bis.',
    tested(
      at('shim6/recovery', 'R1bis, I2bis, R2: the context is back, and what was held can be delivered'),
      at('shim6/appendix-b', 'Receive payload extension header: send R1bis'),
    ),
  ),
  must(
    '12.3',
    'An unknown option with C=1 is answered by Error 1, its pointer at the Option Type.',
    tested(criticalError, at('conformance/formats', 'an option that is unknown and critical (C=1)')),
  ),
  must(
    '16',
    'RSA keys of CGAs have at least 1024 bits.',
    tested(at('identity/key-types', 'keys of other types and sizes are refused on both sides')),
  ),
];
