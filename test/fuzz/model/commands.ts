/** What can happen to two sites, as fast-check commands: it shrinks a failure to the fewest of them. */
import fc from 'fast-check';
import { type Address, formatAddress, parseAddress } from '../../../control/wire/ipv6/address.ts';
import { locator } from '../../shim6/sites.ts';
import { type Forgery, forge, forgeries } from './attacker.ts';
import type { Box } from './box.ts';
import type { Conditions, TwoSites } from './two-sites.ts';

/** The commands need to know nothing of what went before. */
type Command = fc.Command<object, TwoSites>;
type Site = 'a' | 'b';

const other = (site: Site): Site => (site === 'a' ? 'b' : 'a');

function command(text: string, act: (sites: TwoSites) => void): Command {
  return {
    check: () => true,
    run(_, sites) {
      act(sites);
      for (const box of [sites.a, sites.b]) box.collect();
    },
    toString: () => text,
  };
}

const site = fc.constantFrom<Site>('a', 'b');
const index = fc.nat(1);

const send = fc.tuple(site, index, index).map(([from, source, destination]) =>
  command(`${from}${source} sends to ${other(from)}${destination}`, (sites) => {
    sites.send(sites[from], sites[from].hosts[source]!.ulid, sites[other(from)].hosts[destination]!.ulid);
  }),
);

const pass = fc
  .constantFrom(1, 15, 100, 1_000, 5_000, 30_000, 120_000)
  .map((milliseconds) => command(`${milliseconds} ms pass`, (sites) => sites.pass(milliseconds)));

const weather = fc
  .record<Conditions>({
    loss: fc.constantFrom(0, 0.1, 0.5, 0.9),
    duplication: fc.constantFrom(0, 0.5),
    jitter: fc.constantFrom(0, 50, 3_000),
  })
  .map((conditions) =>
    command(`network ${JSON.stringify(conditions)}`, (sites) => {
      sites.conditions = conditions;
    }),
  );

const restart = site.map((which) =>
  command(`${which} restarts`, (sites) => {
    sites[which].restart();
  }),
);

const discard = fc.tuple(site, index, index).map(([at, local, peer]) =>
  command(`${at} discards its context ${at}${local} to ${other(at)}${peer}`, (sites) => {
    sites[at].core.remove(sites[at].hosts[local]!.ulid, sites[other(at)].hosts[peer]!.ulid);
  }),
);

/** An uplink fails or works again: the locators of all hosts behind it. */
const uplink = fc
  .tuple(site, index, fc.boolean())
  .map(([at, which, up]) =>
    command(`uplink ${which} of ${at} ${up ? 'works' : 'fails'}`, (sites) =>
      setUplink(sites, sites[at], which, up),
    ),
  );

export function setUplink(sites: TwoSites, box: Box, which: number, up: boolean): void {
  for (const host of box.hosts) sites.setUp(host.locators[which]!.address, up);
  box.setHosts(
    box.hosts.map(({ ulid, locators }) => ({
      ulid,
      locators: locators.map((one, position) => (position === which ? { ...one, usable: up } : one)),
    })),
  );
}

/** Site A gets another prefix from a provider. */
const renumber = fc.tuple(index, fc.integer({ min: 1, max: 9 })).map(([which, number]) =>
  command(`a has prefix ${number} at provider ${which}`, (sites) => {
    sites.a.setHosts(
      sites.a.hosts.map(({ ulid, locators }) => ({
        ulid,
        locators: locators.map((one, position) =>
          position === which
            ? locator(formatAddress(renumbered(one.address, number)), {
                priority: one.priority,
                usable: one.usable,
              })
            : one,
        ),
      })),
    );
  }),
);

function renumbered(address: Address, number: number): Address {
  const changed = parseAddress(formatAddress(address));
  changed[7] = number;
  return changed;
}

const attack = fc
  .record({
    forgery: fc.record<Forgery>({
      kind: fc.constantFrom(...forgeries),
      seed: fc.nat(),
      spoofed: fc.boolean(),
      asItself: fc.boolean(),
    }),
    at: site,
    victim: index,
    peer: index,
  })
  .map(({ forgery, at, victim, peer }) =>
    command(`forged to ${at}${victim} about ${other(at)}${peer}: ${JSON.stringify(forgery)}`, (sites) => {
      forge(sites, forgery, sites[at], sites[at].hosts[victim]!, sites[other(at)].hosts[peer]!);
    }),
  );

export const anyCommands = [
  send,
  send,
  send,
  pass,
  pass,
  weather,
  restart,
  discard,
  uplink,
  renumber,
  attack,
  attack,
];
