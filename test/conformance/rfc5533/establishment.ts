/** RFC 5533 §7.1 to §7.16: tags, verification, establishment, context confusion. */
import { at, must, mustNot, type Requirement, should, tested } from '../requirement.ts';

const carries = at('shim6/establishment', 'the messages carry what RFC 5533 §5 and unroutable ULIDs ask for');
const copies = at(
  'conformance/establishment',
  'I2 and I2bis carry the validator they were given, the ULID pair, every locator and its proof',
);
const forks = at('shim6/forks', 'the option is in I1, I2 and I2bis of a fork and in no other message');
const tooShort = at(
  'conformance/formats',
  'a message shorter than its type has to be is discarded without an answer',
);
const tags = at('shim6/establishment', 'tags are unique and fill 47 bits');
const cheatingInitiator = at('shim6/verification', 'a cheating initiator');
const cheatingResponder = at('shim6/verification', 'a cheating responder');
const confusionByI2 = at('shim6/confusion', 'by I2; its I1 alone changes nothing, RFC 5533 §7.6');
const confusionByI2bis = at('shim6/confusion', 'by I2bis');
const confusionByR2 = at('shim6/confusion', 'by R2');
const confusion = tested(confusionByI2, confusionByI2bis, confusionByR2);
const proofsNamed = at(
  'identity/claim',
  'a method that is unknown, or not consistent with the parameters, is named by its place',
);
const lacksKey = at(
  'identity/handshake',
  'a peer that lacks a type of key refuses it with Error 2 at the first locator that needs it',
);
const late = at(
  'conformance/establishment',
  'ESTABLISHED by R2 while the I2 that answers an R1 sent before was on its way',
);

export const establishment: readonly Requirement[] = [
  must('7.1', 'CT(local) is unique among all contexts.', tested(tags)),
  must('7.1', 'At least 30 bits of a tag are unstructured and random.', tested(tags)),
  should('7.1', 'Unstructured tags cycle randomly through their space, so that reuse is rare.', tested(tags)),

  should(
    '7.2',
    'A new locator is verified by HBA or CGA before it is acknowledged by Update Acknowledgement or R2.',
    tested(cheatingInitiator, at('shim6/update', 'signature wrong: Error 2 at the verification method')),
  ),
  must(
    '7.2',
    'A locator that was not verified by HBA or CGA when it was received is verified before packets go to it.',
    tested(
      cheatingInitiator,
      cheatingResponder,
      at(
        'conformance/establishment',
        'a context is established with neither side’s locators before they are verified',
      ),
    ),
  ),
  must(
    '7.2',
    'That the ULID is present at a locator is verified by the Probe exchange before packets go to it.',
    tested(
      at(
        'adapters/reap-driver',
        'the one that proved itself is used at once, the other as an alternate, once a Probe has been there',
      ),
      at(
        'adapters/reap-driver',
        'a victim that the peer prefers gets a few Probes and no payload, whatever else fails',
      ),
      at(
        'adapters/reap-driver',
        'a victim that a peer lists, its own locators broken, gets a few Probes and no payload',
      ),
      at(
        'shim6/attack',
        'a peer that was reached at one locator cannot answer in the name of another, RFC 5533 §7.2',
      ),
      at(
        'reap/presence',
        'what was sent to one locator is not told to another: who is here cannot report it from there',
      ),
    ),
  ),
  must(
    '7.2',
    'A message whose list has a method that is unsupported, or does not go with the parameters, is ignored.',
    tested(proofsNamed, cheatingInitiator),
  ),
  should(
    '7.2',
    'Such a list is answered by Error 2 with the pointer at the method in question.',
    tested(
      at(
        'shim6/verification',
        'a bad signature draws Error 2 with the pointer at the verification method, RFC 5533 §7.2',
      ),
      lacksKey,
    ),
  ),

  must(
    '7.6',
    'I2, I2bis and R2 list enough locators for the peer to notice two contexts with one host.',
    tested(carries, copies, at('shim6/long-messages', '16 locators and RSA-4096')),
  ),
  must('7.6', 'An old context whose tag is reused is removed and sends nothing more.', confusion),

  must('7.7', 'An I1 tells the ULID pair.', tested(carries)),
  must(
    '7.7',
    'Where the ULIDs are not the locators of the I1, the ULID Pair option tells them.',
    tested(carries, at('lab/end-to-end', 'named a ULID of each site in every I1 and I2')),
  ),
  must('7.7', 'With a Forked Instance Identifier that is not zero the I1 carries it.', tested(forks)),

  must(
    '7.9',
    'An I1 below 16 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort, at('shim6/attack', 'I1 with an unusable ULID or for no host of ours is not answered')),
  ),
  must(
    '7.11',
    'An R1 below 16 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort),
  ),
  must(
    '7.11',
    'An R1 in any state but I1-SENT is discarded silently.',
    tested(
      at('shim6/appendix-b', 'Receive R1: discard'),
      at('shim6/attack', 'R1 and R2 that nobody waits for, or from elsewhere, change nothing'),
    ),
  ),
  must('7.11', 'An I2 tells the ULID pair.', tested(carries, copies)),
  must('7.11', 'A ULID Pair option in the I1 is repeated in the I2.', tested(carries, copies)),
  must('7.11', 'With a Forked Instance Identifier that is not zero the I2 carries it.', tested(forks)),
  should(
    '7.12',
    'After I2_RETRIES_MAX retransmissions of I2 without R2 the initiator goes back to sending I1.',
    tested(
      at('shim6/establishment', 'I2 lost for good on one pair: I1 goes out again on another, RFC 5533 §7.12'),
      at('shim6/appendix-b', 'Timeout, counter > I2_RETRIES_MAX: send I1'),
    ),
  ),

  must(
    '7.13',
    'An I2 below 24 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort),
  ),
  should(
    '7.13',
    'A Responder Nonce of an I2 is taken for recent for VALIDATOR_MIN_LIFETIME.',
    tested(
      at('shim6/parts', 'hold for VALIDATOR_MIN_LIFETIME whenever issued, and never for twice as long'),
      at('shim6/attack', 'is refused once its validator is too old'),
    ),
  ),
  must('7.13', 'CGA Parameters in an I2 are verified to be those of ULID(peer).', tested(cheatingInitiator)),
  should(
    '7.13',
    'In IDLE the locators of an I2 are verified by HBA or CGA when they are recorded.',
    tested(
      cheatingInitiator,
      at('identity/handshake', 'HBAs, with a key or without, are believed without a signature'),
    ),
  ),
  must(
    '7.13',
    'In I1-SENT an I2 from a verified locator updates the context and is answered by R2.',
    tested(
      at('shim6/appendix-b', 'Receive I2, verify: if successful, send R2'),
      at('shim6/establishment', 'I2 and I1'),
    ),
  ),
  should(
    '7.13',
    'In I1-SENT the locators of an I2 are verified before Ls(peer) is updated.',
    tested(cheatingInitiator, at('shim6/appendix-b', 'Receive I2, verify: if fail, discard')),
  ),
  must(
    '7.13',
    'In ESTABLISHED, I2-SENT and I2BIS-SENT an I2 from a verified locator updates the context and is answered by R2.',
    tested(
      at('shim6/appendix-b', 'Receive I2, verify: send R2'),
      at(
        'shim6/attack',
        'a peer that lost its context makes a new one; ours takes the new tag, RFC 5533 Figure 7',
      ),
      late,
    ),
  ),
  should(
    '7.13',
    'In ESTABLISHED, I2-SENT and I2BIS-SENT the locators of an I2 are verified before Ls(peer) is updated.',
    tested(
      at('shim6/appendix-b', 'Receive I2, verify: otherwise discard'),
      at('shim6/attack', 'does not bring back a tag that its sender has lost since'),
    ),
  ),
  must(
    '7.14',
    'Before R2 is sent, context confusion is looked for.',
    tested(confusionByI2, confusionByI2bis),
  ),
  must('7.15', 'On I2, I2bis and R2 context confusion is looked for.', confusion),
  mustNot('7.15', 'In context confusion the old context sends nothing more.', confusion),
  mustNot(
    '7.15',
    'No two contexts with overlapping Ls(peer) and one tag stay ESTABLISHED.',
    tested(
      confusionByI2,
      confusionByR2,
      at('shim6/confusion', 'by an Update that brings a common locator'),
      at(
        'shim6/forks',
        'a tag that the peer gives to another fork removes the one that had it, RFC 5533 §7.15',
      ),
    ),
  ),

  must(
    '7.16',
    'An R2 below 16 octets, or that fails the checks of all messages, is discarded silently.',
    tested(tooShort),
  ),
  must('7.16', 'CGA Parameters in an R2 are verified to be those of ULID(peer).', tested(cheatingResponder)),
  should(
    '7.16',
    'The locators of an R2 are verified by HBA or CGA when they are recorded.',
    tested(
      cheatingResponder,
      at('identity/handshake', 'HBAs, with a key or without, are believed without a signature'),
    ),
  ),
  must('7.16', 'Before an R2 is taken, context confusion is looked for.', tested(confusionByR2)),
];
