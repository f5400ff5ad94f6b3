/** The scenarios of failure, in the order in which they are told. h1 of site 1 talks with h2 of site 2. */
import { breakMiddle, mendMiddle } from '../bgp.ts';
import { blackhole, endBlackhole } from '../blackhole.ts';
import { delay, until } from '../command.ts';
import { endSilence, silence } from '../frr.ts';
import { fail, heal, uplinkReaches } from '../lab.ts';
import { findProvider } from '../network.ts';
import { uplinkInUse } from './in-use.ts';
import type { Scenario } from './scenario.ts';

const FAST = 16_000_000;
const SLOW = 6_000_000;

const cut = async (...providers: readonly string[]) => {
  await Promise.all(providers.map(fail));
  await Promise.all(providers.map((provider) => uplinkReaches(provider, 'down')));
};
const mend = async (...providers: readonly string[]) => {
  await Promise.all(providers.map(heal));
  await Promise.all(providers.map((provider) => uplinkReaches(provider, 'up')));
};

/** What a carrier's loss may cost while a dozen programs share two processors; alone it is a few milliseconds. */
const AT_ONCE = 400;
const FLAPS = 5;
/**
 * Datagrams that may come late while contexts go back: when a context moves, what is still under way by the other
 * provider is overtaken by what leaves by the first one. Of a datagram a millisecond that is one or two for each of the
 * moves: h1's context and h2's, each first to the locator, then to the uplink that is preferred.
 */
const LATE = 10;

const carrier = {
  setting: 'plain',
  noticedBy: 'carrier',
  most: AT_ONCE,
  mostWhenMended: AT_ONCE,
  rate: FAST,
} as const;
/** Send Timeout of 3 s and 1.5 s of exploration, and what a busy machine adds. */
const reap = {
  setting: 'watched',
  noticedBy: 'REAP',
  most: 5_000,
  mostWhenMended: AT_ONCE,
  rate: SLOW,
} as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    ...carrier,
    name: 'carrier',
    title: 'carrier loss of the first provider',
    short: true,
    fail: () => cut('x1'),
    carriedBy: 'y1',
    mend: () => mend('x1'),
  },
  {
    ...carrier,
    name: 'peer',
    title: "the peer's first provider fails",
    noticedBy: "the peer's carrier, then its Update",
    short: true,
    fail: () => cut('x2'),
    mend: () => mend('x2'),
  },
  {
    ...carrier,
    name: 'both',
    title: 'both sites lose their first provider at once',
    short: true,
    fail: () => cut('x1', 'x2'),
    carriedBy: 'y1',
    mend: () => mend('x1', 'x2'),
  },
  {
    ...carrier,
    name: 'flapping',
    title: `the first provider's link flaps ${FLAPS} times in 2 s`,
    short: true,
    fail: async () => {
      for (let flap = 0; flap < FLAPS; flap++) {
        await fail('x1');
        await delay(200);
        await heal('x1');
        await delay(200);
      }
    },
    mend: () => uplinkReaches('x1', 'up'),
  },
  {
    ...carrier,
    name: 'return',
    title: 'the first provider comes back and is preferred again',
    short: true,
    // What counts here is the mending; see `mostWhenMended`.
    fail: () => cut('x1'),
    carriedBy: 'y1',
    mostWhenMended: AT_ONCE,
    lateWhenMended: LATE,
    mend: async () => {
      await mend('x1');
      await until('h1 has gone back', async () => (await uplinkInUse()) === 'x1', 20_000);
    },
  },
  {
    ...reap,
    name: 'silent-router',
    title: "the first provider's router dies silently",
    noticedBy: 'BFD, 3 x 300 ms',
    most: 1_500,
    short: false,
    fail: async () => {
      const { site, provider } = findProvider('x1');
      await silence(site, provider);
      await uplinkReaches('x1', 'down');
    },
    carriedBy: 'y1',
    mend: async () => {
      await endSilence(findProvider('x1').provider);
      await uplinkReaches('x1', 'up');
    },
  },
  {
    ...reap,
    name: 'blackhole',
    title: 'the first provider forwards nothing, either way',
    short: false,
    fail: () => blackhole('x1', 'both'),
    carriedBy: 'y1',
    mend: () => endBlackhole('x1'),
  },
  {
    ...reap,
    name: 'one-way',
    title: 'the first provider loses what leaves the site, not what comes',
    short: false,
    fail: () => blackhole('x1', 'out'),
    carriedBy: 'y1',
    mend: () => endBlackhole('x1'),
  },
  {
    ...reap,
    name: 'middle',
    title: 'a failure in the middle of the network that only BGP knows',
    noticedBy: 'BGP: the route is withdrawn',
    most: 3_000,
    short: false,
    fail: () => breakMiddle('x1', 'x2'),
    mend: () => mendMiddle('x1', 'x2'),
  },
  {
    ...carrier,
    name: 'exit-router',
    title: 'the provider behind an exit router fails',
    setting: 'tunnels',
    noticedBy: 'probes, 3 x 200 ms',
    most: 3_000,
    mostWhenMended: 1_000,
    rate: SLOW,
    short: false,
    fail: () => cut('x1'),
    carriedBy: 'y1',
    mend: () => mend('x1'),
  },
  {
    ...carrier,
    name: 'three',
    title: 'three providers: the first fails, then the second',
    setting: 'three',
    short: false,
    fail: async () => {
      await cut('x1');
      await delay(1_000);
      await cut('y1');
    },
    carriedBy: 'z1',
    mend: () => mend('y1', 'x1'),
  },
];
