/** RFC 5534, failure detection and locator pair exploration (REAP). */
import {
  at,
  must,
  notForProxy,
  type Requirement,
  recommended,
  type Specification,
  should,
  shouldNot,
  tested,
} from './requirement.ts';

const reserved = at('conformance/formats', 'reserved fields');
const types = at('conformance/reachability', 'types and lengths of Keepalive, Probe and Keepalive Timeout');
const roundTrip = at(
  'shim6/reachability',
  'a Send Timeout other than the default is told in I2 and R2, and taken up (RFC 5534 §5.3)',
);
const psent = at(
  'reap/exploration',
  'Psent begins with the probe itself and goes on with those not reported to the same locator; 1 to 15',
);
const oneWay = at('lab/reap', 'one way only: that direction moves, the other goes on without a gap');
const bothWays = at(
  'lab/reap',
  'a provider that forwards nothing, either way, is left within Send Timeout + 1.5 s',
);
const backOff = at(
  'reap/exploration',
  'four probes half a second apart, then twice as long each time, and a minute at most',
);

const definitions: readonly Requirement[] = [
  must(
    '3.1',
    'What Neighbour Discovery, address configuration and DHCP say of addresses that come and go can be used.',
    notForProxy(
      'locators are no addresses of the box: they come from its configuration and its store, at run time too',
    ),
  ),
  must(
    '3.2',
    'What Neighbour Unreachability Detection says can be used.',
    tested(at('lab/liveness', 'are down when the router does not answer neighbour solicitations any more')),
  ),
  must(
    '3.3',
    'Operational pairs are found by explicit tests and by Forced Bidirectional Detection.',
    tested(bothWays, oneWay),
  ),
];

const detection: readonly Requirement[] = [
  should(
    '4.1',
    'The local situation is followed by what is known of links, routers and addresses.',
    tested(
      at('reap/exploration', 'a source whose uplink is down, or that the peer does not know, is not tried'),
    ),
  ),
  recommended(
    '4.1',
    'Keepalives are sent at one half to one third of the Keepalive Timeout.',
    tested(
      at('reap/exploration', 'example 3: Keepalives go one way while payload goes the other, and no Probe'),
      at(
        'reap/exploration',
        'the Keepalive Interval follows the peer’s Keepalive Timeout option; without it the default',
      ),
    ),
  ),
  should(
    '4.1',
    'Keepalives go on at their interval until payload comes or the Keepalive Timeout has passed.',
    tested(
      at('reap/behaviour', '§6.3 Keepalive timeout'),
      at(
        'reap/exploration',
        'a conversation that ends is followed by three Keepalives at most, from one end or both',
      ),
    ),
  ),
  should(
    '4.1',
    'Timeouts are random enough that contexts are not in step.',
    tested(at('reap/exploration', 'two contexts are not in step')),
  ),
  should(
    '4.2',
    'The upper layers are told when the pair changes.',
    notForProxy(
      'the upper layers are in other machines, unchanged ones; there is no message that would tell them',
    ),
  ),
  should(
    '4.3',
    'All pairs are tried until one works, and again as long as none does.',
    tested(
      at(
        'reap/exploration',
        'all pairs are tried in turn, the current one first, then what has nothing in common with it',
      ),
    ),
  ),
  must('4.3', 'Exploration is sequential, with exponential back-off.', tested(backOff)),
];

const formats: readonly Requirement[] = [
  must('5.1', 'The type of a Keepalive is 66.', tested(types)),
  must('5.1', 'Reserved1 of a Keepalive is ignored on receipt.', tested(reserved)),
  must('5.1', 'R of a Keepalive is ignored on receipt.', tested(reserved)),
  must('5.1', 'Reserved2 of a Keepalive is ignored on receipt.', tested(reserved)),
  must('5.2', 'The type of a Probe is 67.', tested(types, at('lab/reap', 'tshark finds its Probes sound'))),
  must('5.2', 'Reserved of a Probe is ignored on receipt.', tested(reserved)),
  must('5.2', 'R of a Probe is ignored on receipt.', tested(reserved)),
  must('5.2', 'A Probe has a first set of fields, which is its own.', tested(psent)),
  must(
    '5.2',
    'In InboundOk a Probe repeats at least one that was received.',
    tested(
      at(
        'reap/exploration',
        'in InboundOk it reports at least one probe received, and copies what that said',
      ),
    ),
  ),
  must('5.2', 'Reserved2 of a Probe is zero when sent.', tested(reserved)),
  must('5.2', 'Reserved2 of a Probe is ignored when received.', tested(reserved)),
  recommended(
    '5.2',
    'Nonces are hard to guess.',
    tested(at('conformance/reachability', 'nonces of Probes are 32 bits of the random source each')),
  ),
  should(
    '5.2',
    'Nonces come from a good source of randomness.',
    tested(at('conformance/reachability', 'nonces of Probes are 32 bits of the random source each')),
  ),
  must('5.3', 'A Send Timeout that is not the default is told as Keepalive Timeout.', tested(roundTrip)),
  should(
    '5.3',
    'The option need only be sent once in an association.',
    tested(at('conformance/reachability', 'the Keepalive Timeout is told once, not in every Update Request')),
  ),
  should(
    '5.3',
    'A Keepalive Timeout that is received is taken up.',
    tested(roundTrip, at('shim6/reachability', 'an Update Request may change it')),
  ),
  must('5.3', 'The type of the option is 10.', tested(types)),
  must('5.3', 'The length of the option is 4.', tested(types)),
  must(
    '5.3',
    'Reserved of the option is ignored on receipt.',
    tested(at('conformance/reachability', 'Reserved of the Keepalive Timeout option is ignored on receipt')),
  ),
];

const behaviourRows = [
  '§6.1 incoming payload packet',
  '§6.2 outgoing payload packet',
  '§6.3 Keepalive timeout',
  '§6.4 Send timeout',
  '§6.5 retransmission',
  '§6.6 reception of a Keepalive',
  '§6.7 reception of a Probe, Exploring',
  '§6.8 reception of a Probe, InboundOk',
  '§6.9 reception of a Probe, Operational',
] as const;

const behaviour: readonly Requirement[] = [
  must(
    '6',
    'Seen from outside, a node behaves as the state machine does.',
    tested(...behaviourRows.map((title) => at('reap/behaviour', title))),
  ),
  must(
    '6.1',
    'The state in a Probe is that of its sender once it is sent.',
    tested(at('reap/behaviour', 'the state in a Probe is that of its sender after sending it (§6.1)')),
  ),
  should(
    '6.1',
    'While the Keepalive Timer runs, Keepalives are sent at their interval.',
    tested(at('reap/behaviour', '§6.3 Keepalive timeout')),
  ),
];

const values: readonly Requirement[] = [
  recommended(
    '7',
    'A Send Timeout is not below 10 seconds.',
    tested(at('conformance/reachability', 'the Send Timeout is 15 s unless configured, and at most 100')),
  ),
  recommended(
    '7',
    'A Send Timeout is at most 100 seconds.',
    tested(at('conformance/reachability', 'the Send Timeout is 15 s unless configured, and at most 100')),
  ),
  shouldNot(
    '8',
    'Indications that nothing protects are not taken as proof of a failure.',
    tested(
      at('reap/attack', 'Keepalives change nothing but a timer'),
      at('reap/attack', 'reports of probes that were never sent'),
    ),
  ),
  recommended(
    '9',
    'Failures and failovers are told to management.',
    tested(at('conformance/reachability', 'what happened to a context is kept and told')),
  ),
];

export const rfc5534: Specification = {
  name: 'RFC 5534',
  keywords: {
    '3.1': 1,
    '3.2': 1,
    '3.3': 1,
    '4.1': 4,
    '4.2': 1,
    '4.3': 2,
    '5.1': 4,
    '5.2': 9,
    '5.3': 6,
    '6': 1,
    '6.1': 2,
    '7': 2,
    '8': 1,
    '9': 1,
  },
  requirements: [...definitions, ...detection, ...formats, ...behaviour, ...values],
};
