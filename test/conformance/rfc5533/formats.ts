/** RFC 5533 §1.5 and §5: when a ULID goes, messages, options. */
import { at, must, mustNot, type Requirement, should, shouldNot, tested } from '../requirement.ts';

const reservedIgnored = tested(at('conformance/formats', 'reserved fields'));
const reserved = (section: string, field: string): Requirement =>
  must(section, `A receiver ignores ${field}.`, reservedIgnored);

const carries = at('shim6/establishment', 'the messages carry what RFC 5533 §5 and unroutable ULIDs ask for');
const copies = at(
  'conformance/establishment',
  'I2 and I2bis carry the validator they were given, the ULID pair, every locator and its proof',
);
const unroutable = at('lab/end-to-end', 'named a ULID of each site in every I1 and I2');
const forks = at('shim6/forks', 'the option is in I1, I2 and I2bis of a fork and in no other message');
const namesFork = tested(forks, at('conformance/establishment', 'the Forked Instance Identifier'));
const hbaUnsigned = at(
  'identity/claim',
  'a list of HBAs needs no signature, with a key in its parameters or without',
);
const mixedSigned = at(
  'identity/handshake',
  'a mixed list is signed for its CGA locators, by a key of any type',
);
const padding = at(
  'conformance/formats',
  'padding fills an option to 8 octets, is zero, is not counted in Length, and is not looked at',
);
const golden = at('wire/shim6/golden', 'golden bytes');
const criticalStops = at(
  'conformance/formats',
  'stops the whole message: nothing before it counts either, and Error 1 points at it',
);
const criticalError = at(
  'shim6/critical-options',
  'C=1: Error 1 with the pointer at the Option Type, and no more',
);

export const formats: readonly Requirement[] = [
  must(
    '1.5',
    'Communication that uses a ULID ends when the ULID becomes invalid: its contexts are discarded.',
    tested(
      at('shim6/failure', 'a context or host that is removed takes everything with it'),
      at(
        'shim6/forks',
        'forks live and end by themselves; a change of locators is told for each, a removed host takes them along',
      ),
    ),
  ),

  reserved('5.4', 'the reserved bits beside the type of an I1'),
  reserved('5.4', 'the R bit before the tag of an I1'),
  must(
    '5.4',
    'An I1 whose IPv6 addresses are not the ULID pair carries the ULID Pair option.',
    tested(carries, unroutable),
  ),
  must(
    '5.4',
    'An I1 for a further context of a ULID pair carries its Forked Instance Identifier.',
    namesFork,
  ),

  reserved('5.5', 'the reserved bits beside the type of an R1'),
  reserved('5.5', 'the 16 reserved bits before the nonces of an R1'),
  must('5.5', 'An R1 carries a Responder Validator.', tested(copies, golden)),

  reserved('5.6', 'the reserved bits beside the type of an I2'),
  reserved('5.6', 'the R bit before the tag of an I2'),
  reserved('5.6', 'the 32 reserved bits behind the nonces of an I2'),
  must('5.6', 'An I2 carries a Responder Validator.', tested(carries, copies)),
  must('5.6', 'The Responder Validator of an I2 is that of the R1, copied.', tested(carries, copies)),
  must(
    '5.6',
    'An I2 whose IPv6 addresses are not the ULID pair carries the ULID Pair option.',
    tested(carries, unroutable),
  ),
  must(
    '5.6',
    'An I2 for a further context of a ULID pair carries its Forked Instance Identifier.',
    namesFork,
  ),
  must(
    '5.6',
    'A locator list in an I2 comes with what proves it, by HBA or CGA.',
    tested(carries, hbaUnsigned),
  ),
  must(
    '5.6',
    'A locator list in an I2 comes with the CGA Parameter Data Structure.',
    tested(carries, copies),
  ),
  must(
    '5.6',
    'A locator list in an I2 with locators to verify by CGA comes with a CGA Signature.',
    tested(carries, mixedSigned),
  ),

  reserved('5.7', 'the reserved bits beside the type of an R2'),
  reserved('5.7', 'the R bit before the tag of an R2'),
  must(
    '5.7',
    'A locator list in an R2 comes with what proves it, by HBA or CGA.',
    tested(carries, mixedSigned),
  ),

  reserved('5.8', 'the reserved bits beside the type of an R1bis'),
  reserved('5.8', 'the R bit before the Packet Context Tag of an R1bis'),

  reserved('5.9', 'the reserved bits beside the type of an I2bis'),
  reserved('5.9', 'the R bit before the Initiator Context Tag of an I2bis'),
  reserved('5.9', 'the 48 reserved bits and the bit before the Packet Context Tag of an I2bis'),
  must(
    '5.9',
    'An I2bis whose IPv6 addresses are not the ULID pair carries the ULID Pair option.',
    tested(
      at(
        'shim6/recovery',
        'I2bis carries what it copies from R1bis, its own tag, the ULIDs and all locators',
      ),
      copies,
    ),
  ),
  must(
    '5.9',
    'A locator list in an I2bis comes with what proves it, by HBA or CGA.',
    tested(
      at(
        'shim6/recovery',
        'I2bis carries what it copies from R1bis, its own tag, the ULIDs and all locators',
      ),
      copies,
    ),
  ),

  reserved('5.10', 'the reserved bits beside the type of an Update Request'),
  reserved('5.10', 'the R bit before the tag of an Update Request'),
  reserved('5.11', 'the reserved bits beside the type of an Update Acknowledgement'),
  reserved('5.11', 'the R bit before the tag of an Update Acknowledgement'),

  must('5.15', 'An option is padded at its end to a multiple of 8 octets.', tested(padding, golden)),
  mustNot('5.15', 'The Length of an option does not count its padding.', tested(padding, golden)),
  must('5.15', 'Padding is zero.', tested(padding)),
  shouldNot('5.15', 'A receiver does not look at padding.', tested(padding)),
  must(
    '5.15',
    'The C bit says whether an option has to be recognized by the receiver.',
    tested(
      criticalStops,
      at('conformance/formats', 'and not critical (C=0): it is passed over, the rest counts'),
    ),
  ),
  should(
    '5.15',
    'An unrecognized option with C=1 is answered by Error 1, its pointer at the Option Type.',
    tested(criticalStops, criticalError),
  ),
  mustNot(
    '5.15',
    'With an unrecognized option of C=1 the rest of the message is not processed.',
    tested(criticalStops),
  ),
  must(
    '5.15.3',
    'Elements of Locator Preferences longer than three octets begin with flags, priority and weight.',
    tested(
      at('wire/shim6/codec', 'any octets give a value or a DecodeError'),
      at(
        'conformance/formats',
        'elements of Locator Preferences longer than three octets are read by their first three',
      ),
    ),
  ),
  must(
    '5.15.5',
    'The signature covers the locators in the order of the Locator List.',
    tested(
      at(
        'identity/claim',
        'a mixed list: each locator by its own method, the signature over those of CGA in their order',
      ),
      at('identity/site-identity', 'what a site signs, another verifies, and it is plain RSASSA-PKCS1-v1_5'),
    ),
  ),
  must('5.15.6', 'I1, I2 and I2bis tell the ULID pair.', tested(carries, copies)),
  must(
    '5.15.6',
    'Where the IPv6 addresses of an I1, I2 or I2bis are not the ULIDs, the ULID Pair option tells them.',
    tested(
      carries,
      copies,
      at('shim6/single-host', 'two single hosts on their ULIDs need no ULID Pair option, and may send one'),
    ),
  ),
  reserved('5.15.6', 'the 32 reserved bits of the ULID Pair option'),
];
