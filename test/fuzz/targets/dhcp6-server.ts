/** The DHCPv6 server: whatever comes, an outcome, and no address for two clients. RFC 8415 §16, §18.3. */
import { DISCARD_REASONS } from '../../../control/addressing/counters.ts';
import { decodeDhcp } from '../../../control/wire/dhcp6/index.ts';
import { optionRows } from '../../../control/wire/dhcp6/option-rows.ts';
import { parseAddress } from '../../../control/wire/ipv6/address.ts';
import { Client, Site } from '../../addressing/exchange.ts';
import { dhcpSeeds } from '../dhcp-messages.ts';
import { hold, type Target } from '../target.ts';

const source = parseAddress('fe80::9');
const MOST_LEASES = 3;
const MOST_OFFERS = 2;
const rates = { perClient: 1e9, perRelay: 1e9 };

/**
 * The first octet of an input says how it arrives. The message is handled twice, as a retransmission is; the second time
 * after a minute, so that offers are forgotten.
 */
export const target: Target = {
  invariant:
    'an answer that decodes, or a counted reason; bounded leases and offers; a lease in use keeps its address',
  maximumLength: 1500,
  dictionary: [
    ...Object.values(optionRows).map(({ code }) => Uint8Array.of(code >> 8, code)),
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12].map((type) => Uint8Array.of(type, 0, 0, 1)),
    Uint8Array.of(0, 3, 0, 12),
    Uint8Array.of(0, 5, 0, 24),
  ],
  seeds: () => dhcpSeeds().flatMap((message) => [0, 3].map((how) => Uint8Array.of(how, ...message))),
  run(input) {
    const site = new Site({
      rates,
      maximumLeases: MOST_LEASES,
      maximumOffers: MOST_OFFERS,
      offerPatience: 30,
    });
    const address = parseAddress(new Client(7).bind(site, {}, 7));
    const how = input[0] ?? 0;
    const packet = {
      bytes: input.subarray(1),
      interface: (how & 2) === 0 ? 'lan0' : 'lan1',
      source,
      multicast: (how & 1) === 0,
    };
    for (let time = 0; time < 2; time++) {
      const outcome = site.server.handle(packet, site.now);
      if (outcome.kind === 'discard') hold(DISCARD_REASONS.includes(outcome.reason), 'an unknown reason');
      else {
        decodeDhcp(outcome.message);
        const isLost = outcome.kind === 'record' && (how & 4) !== 0;
        if (isLost) decodeDhcp(site.server.failed(outcome));
        // Throws where an address would have two clients.
        else site.answer(outcome);
      }
      hold(site.book.size <= MOST_LEASES, 'more leases than there may be');
      hold(site.server.offered <= MOST_OFFERS, 'more offers than there may be');
      const { discarded, received, answered } = site.server.counters;
      const refused = Object.values(discarded).reduce((sum, count) => sum + count, 0);
      hold(received === answered + refused, 'a message was not counted');
      site.now += 60_000;
    }
    hold(site.book.bindingOf(address)?.iaid === 7, 'the lease of another client is gone');
  },
};
