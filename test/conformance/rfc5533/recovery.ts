/** RFC 5533 §7.18 to §7.20: R1bis and I2bis. */
import { at, must, type Requirement, should, shouldNot, tested } from '../requirement.ts';

const tooShort = at(
  'conformance/formats',
  'a message shorter than its type has to be is discarded without an answer',
);
const carries = at(
  'shim6/recovery',
  'I2bis carries what it copies from R1bis, its own tag, the ULIDs and all locators',
);
const notProved = at('shim6/recovery-attack', 'I2bis: locators that are not proved');

export const recovery: readonly Requirement[] = [
  must(
    '7.18',
    'An R1bis below 16 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort, at('shim6/recovery', 'an R1bis that comes back altered is noticed by its checksum')),
  ),
  must(
    '7.18',
    'Where the ULIDs are not the locators of the I2bis, the ULID Pair option tells them.',
    tested(carries),
  ),
  must(
    '7.18',
    'With a Forked Instance Identifier that is not zero the I2bis carries it.',
    tested(
      at('shim6/forks', 'the option is in I1, I2 and I2bis of a fork and in no other message'),
      at('conformance/establishment', 'the Forked Instance Identifier'),
    ),
  ),
  should(
    '7.19',
    'After I2bis_RETRIES_MAX retransmissions of I2bis without R2 the initiator goes back to sending I1.',
    tested(
      at('shim6/appendix-b', 'Timeout, counter > I2bis_RETRIES_MAX: send I1'),
      at(
        'shim6/recovery',
        'I2bis goes out I2bis_RETRIES_MAX times more, then I1 I1_RETRIES_MAX times more, then the end',
      ),
    ),
  ),
  must(
    '7.20',
    'An I2bis below 32 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort),
  ),
  should(
    '7.20',
    'A Responder Nonce of an I2bis is taken for recent for VALIDATOR_MIN_LIFETIME.',
    tested(
      at('shim6/parts', 'hold for VALIDATOR_MIN_LIFETIME whenever issued, and never for twice as long'),
      at('shim6/recovery-attack', 'I2bis: anything its validator is bound to changed'),
    ),
  ),
  must('7.20', 'CGA Parameters in an I2bis are verified to be those of ULID(peer).', tested(notProved)),
  shouldNot(
    '7.20',
    'The Packet Context Tag of an I2bis is not taken for CT(local).',
    tested(
      at(
        'conformance/establishment',
        'a context that recovers gets a tag of its own, not the Packet Context Tag',
      ),
    ),
  ),
  should(
    '7.20',
    'In IDLE the locators of an I2bis are verified by HBA or CGA when they are recorded.',
    tested(notProved),
  ),
  must(
    '7.20',
    'In I1-SENT an I2bis from a verified locator updates the context and is answered by R2.',
    tested(at('shim6/appendix-b', 'Receive I2bis, verify: if successful, send R2')),
  ),
  should(
    '7.20',
    'In I1-SENT the locators of an I2bis are verified before Ls(peer) is updated.',
    tested(notProved, at('shim6/appendix-b', 'Receive I2bis, verify: if fail, discard')),
  ),
  must(
    '7.20',
    'In ESTABLISHED, I2-SENT and I2BIS-SENT an I2bis from a known or verified locator is answered by R2.',
    tested(
      at('shim6/appendix-b', 'Receive I2bis, verify: send R2'),
      at('shim6/appendix-b', 'Receive I2bis, verify: if successful, send R2'),
      at(
        'shim6/recovery',
        'the peer has moved: an Update from where it is now draws R1bis, and I2bis tells its new list',
      ),
    ),
  ),
  should(
    '7.20',
    'In ESTABLISHED, I2-SENT and I2BIS-SENT the locators of an I2bis are verified before Ls(peer) is updated.',
    tested(at('shim6/appendix-b', 'Receive I2bis, verify: otherwise discard'), notProved),
  ),
];
