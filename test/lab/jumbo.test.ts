/** Jumbo frames: they pass where the driver lets XDP have them, and where it does not the box says what to change. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { boxCommand, boxProcess, drops, editConfiguration, startBox, uplinks } from './box.ts';
import { CommandError, runIn, together, until } from './command.ts';
import { down, up } from './lab.ts';
import { ping } from './measure.ts';
import { logTail, stop } from './process.ts';
import { hostIn } from './state.ts';
import { LINKS, type LinkEnd, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [site, peer] = SITES;
const provider = site.providers[0]!;
/** Of a veth whose other end runs an XDP program natively, where pages have 4096 octets. */
const LARGEST = 3506;
const JUMBO = 9000;
/** Octets of an IPv6 packet that are not the data of an ICMPv6 echo. */
const HEADERS = 48;
const PAYLOAD_HEADER = 8;

const setMtu = (end: LinkEnd, mtu: number) =>
  runIn(end.namespace, ['ip', 'link', 'set', 'dev', end.interface, 'mtu', String(mtu)]);
const setAllMtus = (mtu: number) =>
  together(LINKS.flatMap(({ first, second }) => [setMtu(first, mtu), setMtu(second, mtu)]));
/** The lab's own program at the box's neighbour limits the box's MTU, too; without it, GRO lets redirected frames in. */
const withoutProgram = ({ namespace, interface: device }: LinkEnd) =>
  runIn(namespace, ['sh', '-c', `ip link set dev ${device} xdpdrv off && ethtool -K ${device} gro on`]);
const uplinkEnd = { namespace: site.box, interface: provider.name };
const routerEnd = { namespace: provider.name, interface: site.box };
const refused = (words: RegExp) => (error: unknown) =>
  error instanceof CommandError && words.test(error.stderr);

/** One echo in a packet of so many octets, which nobody may fragment; its answer within so many seconds. */
const echo = (from: string, to: string, length: number, patience = 20) =>
  runIn(from, [
    'ping',
    '-6',
    '-n',
    '-c',
    '1',
    '-W',
    String(patience),
    '-M',
    'do',
    '-s',
    String(length - HEADERS),
    to,
  ]);

async function restart(change: (configuration: Record<string, object>) => void): Promise<void> {
  await stop(SITES.flatMap((each) => boxProcess(each) ?? []));
  for (const each of SITES) editConfiguration(each, change);
  await together(SITES.map((each) => startBox(each)));
}

describe('jumbo frames', { skip }, () => {
  before(() => up({ owned: true }));
  after(down);

  it('pass natively once the MTU is raised, up to what the driver gives XDP', async () => {
    await setAllMtus(LARGEST);
    for (const each of SITES)
      await until(`${each.box} knows`, async () => (await uplinks(each)).every(({ mtu }) => mtu === LARGEST));
    assert.match(logTail(`pshim6-${site.box}`), /mtu-changed .*"to":3506/);
    await ping(hostIn('h1'), 'h2.foo.com', 1);
    await echo('h1', hostIn('h2').cmula, LARGEST - PAYLOAD_HEADER);
    const larger = echo('h1', hostIn('h2').cmula, LARGEST - PAYLOAD_HEADER + 1);
    await assert.rejects(
      larger,
      (error) => error instanceof CommandError && /mtu[ =:]*3498/.test(error.stdout),
    );
    // For a time: of so many octets it counts those that had come when the last was sent.
    const { stdout } = await runIn('h1', ['iperf3', '-6', '-J', '-c', hostIn('h2').name, '-t', '2']);
    const { start, end } = JSON.parse(stdout);
    assert.ok(start.tcp_mss_default > 3300, `segments of ${start.tcp_mss_default} octets`);
    assert.ok(end.sum_received.bytes > 10_000_000, `${end.sum_received.bytes} octets`);
  });

  it('wait for a context like other first packets', async () => {
    await echo('h1b', hostIn('h2').cmula, 3490);
  });

  it('cannot be longer while the program runs: the kernel refuses at one end, the box warns at the other', async () => {
    await assert.rejects(setMtu(routerEnd, LARGEST + 1), refused(/mtu greater than device maximum/));
    await withoutProgram(routerEnd);
    await setMtu(uplinkEnd, JUMBO);
    await until('the box warns', async () =>
      /mtu-too-large \{"interface":"x1","mtu":9000,"largest":3506,"remedy":"set the MTU to 3506 or less, or datapath.mode: generic"\}/.test(
        logTail(`pshim6-${site.box}`),
      ),
    );
    await echo('h1', hostIn('h2').cmula, LARGEST - PAYLOAD_HEADER);
  });

  it('keep a box from starting natively, which names interface, MTU, limit and remedy', async () => {
    await stop([boxProcess(site)!]);
    await setMtu(routerEnd, JUMBO);
    await assert.rejects(
      runIn(site.box, boxCommand(site)),
      refused(
        /x1 \(veth, MTU 9000\) takes no XDP program in native mode: .*Peer MTU is too large.*; set the MTU at both ends to 3506 or less, or datapath.mode: generic/,
      ),
    );
  });

  it('of any length pass in generic mode, but do not wait when over 3504 octets', async () => {
    await restart((configuration) => {
      configuration['datapath'] = { mode: 'generic' };
    });
    await together(LINKS.flatMap(({ second, box }) => (box ? [withoutProgram(second)] : [])));
    await setAllMtus(JUMBO);
    for (const each of [site, peer])
      await until(`${each.box} knows`, async () => (await uplinks(each)).every(({ mtu }) => mtu === JUMBO));
    await assert.rejects(echo('h1b', hostIn('h2').cmula, 3491, 3));
    const lost = (await drops(site)).find(({ reason }) => reason === 'punt-too-long');
    assert.equal(lost?.packets, 1);
    await ping(hostIn('h1'), 'h2.foo.com', 1);
    await echo('h1', hostIn('h2').cmula, JUMBO - PAYLOAD_HEADER);
  });
});
