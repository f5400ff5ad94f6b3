/**
 * A box as a router among routers: what ping, traceroute, tracepath and mtr show through it, and what becomes of hosts'
 * packets when a link between the sites takes less than they thought. tshark checks every error that a host gets.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { boxStatus } from './box.ts';
import { type CommandError, delay, run, runIn, until } from './command.ts';
import { down, up } from './lab.ts';
import { ping, startTransfer } from './measure.ts';
import { inState } from './paths.ts';
import { start, stop } from './process.ts';
import { PAYLOAD, payloadDigest } from './services.ts';
import { hostIn, type LabHost, type LabProcess } from './state.ts';
import { CORE, CORE_ADDRESS, SITES, WEB_SERVER } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const [here, there] = SITES;
const [near, far] = [here.providers[0]!, there.providers[0]!];

/** The routers between two hosts, as a host of each site sees them by the preferred providers. */
const WAY = [
  {
    from: () => hostIn('h1'),
    to: () => hostIn('h2'),
    routers: [here.router, near.gateway, CORE_ADDRESS, far.gateway, far.boxAddress],
  },
  {
    from: () => hostIn('h2'),
    to: () => hostIn('h1'),
    routers: [there.router, far.gateway, CORE_ADDRESS, near.gateway, near.boxAddress],
  },
] as const;

/** Both ends of the link between the Internet and the peer's preferred provider. */
async function setLinkMtu(mtu: number): Promise<void> {
  await runIn(CORE, ['ip', 'link', 'set', 'dev', far.name, 'mtu', String(mtu)]);
  await runIn(far.name, ['ip', 'link', 'set', 'dev', CORE, 'mtu', String(mtu)]);
}

/** The addresses that a program printed behind its hop numbers, in order, each once. */
function hops(output: string): string[] {
  const rows = [...output.matchAll(/^ *(\d+)[.:]?[ |-]*([0-9a-f:]+:[0-9a-f:]+)/gm)];
  return [...new Set(rows.map((row) => row[2]!))];
}

const traceroute = (host: LabHost, peer: LabHost, ...words: string[]) =>
  runIn(host.namespace, ['traceroute', '-6', '-n', '-q', '1', '-w', '2', ...words, peer.name]);

async function counters(site: (typeof SITES)[number]) {
  return (await boxStatus(site)).counters;
}

describe('routers that hosts see through their boxes', { skip }, () => {
  let captures: { file: string; program: LabProcess }[] = [];

  before(async () => {
    await up({ owned: true });
    captures = await Promise.all(
      ['h1', 'h2'].map(async (namespace) => {
        const file = inState(`${namespace}.pcap`);
        // ICMPv6 errors only: types 1 to 4.
        const filter = 'icmp6 and ip6[40] >= 1 and ip6[40] <= 4';
        const argv = ['dumpcap', '-q', '-P', '-i', 'eth0', '-f', filter, '-w', file];
        return { file, program: await start(`dumpcap-${namespace}`, namespace, argv) };
      }),
    );
    for (const { from, to } of WAY) await ping(from(), to().name, 1);
  });
  after(down);

  it('a first packet that is too big, and waited for its context, is answered nevertheless', async () => {
    const argv = ['ping', '-6', '-n', '-c', '1', '-W', '10', '-M', 'do', '-s', String(1500 - 48)];
    await assert.rejects(runIn('h1b', [...argv, hostIn('h2').cmula]), ({ stdout }: CommandError) => {
      assert.match(stdout, new RegExp(`From ${here.router} icmp_seq=1 Packet too big: mtu=1492`));
      return true;
    });
  });

  for (const [index, { from, to, routers }] of WAY.entries()) {
    const site = SITES[index]!.name;
    for (const [words, kind] of [
      [[], 'UDP'],
      [['-I'], 'ICMPv6'],
      [['-T', '-p', '80'], 'TCP'],
    ] as const) {
      it(`traceroute with ${kind} from ${site}: every router, each box among them, and the peer`, async () => {
        const { stdout } = await traceroute(from(), to(), ...words);
        assert.deepEqual(hops(stdout), [...routers, to().cmula], stdout);
      });
    }

    it(`mtr from ${site} sees the same`, async () => {
      const argv = ['mtr', '-6', '-n', '-r', '-w', '-c', '2', '-i', '0.5', '-G', '1', to().name];
      const { stdout } = await runIn(from().namespace, argv);
      assert.deepEqual(hops(stdout), [...routers, to().cmula], stdout);
    });

    it(`tracepath from ${site} sees the same, and the room that the payload header leaves`, async () => {
      const { stdout } = await runIn(from().namespace, ['tracepath', '-6', '-n', '-m', '9', to().name]);
      assert.deepEqual(hops(stdout), [...routers, to().cmula], stdout);
      assert.match(stdout, /Resume: pmtu 1492 hops 6 back 6/);
    });
  }

  it('a port that is closed at the peer is refused by the peer, at once', async () => {
    const argv = ['curl', '-sS', '--max-time', '10', `http://${hostIn('h2').name}:81/`];
    await assert.rejects(runIn('h1', argv), /Connection refused|Failed to connect|Could not connect/);
  });

  it('a link between the sites that takes less: hosts are told what fits with the payload header', async () => {
    await setLinkMtu(1400);
    const { stdout } = await runIn('h1', ['tracepath', '-6', '-n', '-m', '9', hostIn('h2').name]);
    assert.match(stdout, new RegExp(`${CORE_ADDRESS} .*pmtu 1392`));
    assert.match(stdout, /Resume: pmtu 1392 hops 6 back 6/);
    assert.equal((await counters(here))['pathMtus'], 1);
    // The box itself tells the site's next host: no packet of its goes further than that.
    const answered = async () => (await boxStatus(here)).programs.inside.answered;
    const before = await answered();
    const other = await runIn('h1b', ['tracepath', '-6', '-n', '-m', '9', hostIn('h2').name]);
    assert.match(other.stdout, new RegExp(`${here.router} .*pmtu 1392`));
    assert.ok((await answered()) > before, 'the data path did, by itself');
  });

  it('a link inside the site that takes less: the peer’s hosts are told by the box, from its address outside', async () => {
    await setLinkMtu(1500);
    const setInsideMtu = (mtu: number) =>
      runIn(here.box, ['ip', 'link', 'set', 'dev', 'lan', 'mtu', String(mtu)]);
    const answered = async () => (await boxStatus(here)).programs.outside.answered;
    const before = await answered();
    await ping(hostIn('h2'), hostIn('h1b').name, 1);
    await setInsideMtu(1350);
    try {
      const { stdout } = await runIn('h2', ['tracepath', '-6', '-n', '-m', '9', hostIn('h1b').name]);
      assert.match(stdout, new RegExp(`${near.boxAddress} .*pmtu 1350`));
      assert.ok((await answered()) > before, 'the data path told them');
    } finally {
      await setInsideMtu(1500);
    }
  });

  it('a peer without SHIM6: NATv6 tells what the uplink takes', async () => {
    const setUplinkMtu = async (mtu: number) => {
      for (const { name } of here.providers)
        await runIn(here.box, ['ip', 'link', 'set', 'dev', name, 'mtu', String(mtu)]);
    };
    await setUplinkMtu(1400);
    try {
      const { stdout } = await runIn('h1', ['tracepath', '-6', '-n', '-m', '9', WEB_SERVER.name]);
      assert.match(stdout, new RegExp(`${here.router} .*pmtu 1400`));
    } finally {
      await setUplinkMtu(1500);
    }
  });

  it('a transfer goes on when the link shrinks under it', async () => {
    await setLinkMtu(1500);
    const learned = (await counters(there))['pathMtus']!;
    const transfer = startTransfer(hostIn('h1'), `http://${hostIn('h2').name}${PAYLOAD.path}`, 25e6);
    await until('the transfer is under way', async () => transfer.received() > 10e6);
    await setLinkMtu(1380);
    const { octets, sha256 } = await transfer.done;
    assert.equal(octets, PAYLOAD.length);
    assert.equal(sha256, payloadDigest());
    assert.ok((await counters(there))['pathMtus']! > learned);
  });

  it('a path of 1280 carries what IPv6 says it must, payload header or not', async () => {
    await setLinkMtu(1280);
    // Both boxes learn; both hosts are told 1280.
    const full = ['ping', '-6', '-n', '-s', '1232', '-c', '20', '-i', '0.1', '-W', '2', hostIn('h2').name];
    await runIn('h1', [
      'ping',
      '-6',
      '-n',
      '-s',
      '1300',
      '-c',
      '3',
      '-i',
      '0.2',
      '-W',
      '1',
      hostIn('h2').name,
    ]).catch(() => {});
    const { stdout } = await runIn('h1', full);
    const received = Number(/(\d+) received/.exec(stdout)![1]);
    for (const site of SITES) {
      const { fragmented, framesNotSent } = await counters(site);
      assert.ok(fragmented! >= received, `${site.box} fragmented ${fragmented} of ${received}`);
      assert.equal(framesNotSent, 0);
    }
    // An emulated or busy machine may lose one; without fragments none would come back.
    assert.ok(received >= 18, stdout);
    await setLinkMtu(1500);
  });

  it('every error that a host got has a good checksum and quotes a packet of the host', async () => {
    await delay(200);
    await stop(captures.map(({ program }) => program));
    for (const [index, { file }] of captures.entries()) {
      const { cmula } = WAY[index]!.from();
      const fields = ['icmpv6.type', 'icmpv6.checksum.status', 'ipv6.src', 'ipv6.dst'];
      const argv = [
        'tshark',
        '-r',
        file,
        '-o',
        'ipv6.defragment:FALSE',
        '-T',
        'fields',
        '-E',
        'occurrence=a',
      ];
      const { stdout } = await run([...argv, ...fields.flatMap((field) => ['-e', field])]);
      const rows = stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      assert.ok(rows.length > 20, `${rows.length} errors`);
      for (const [type, status, sources, destinations] of rows) {
        const [, quoted] = sources!.split(',');
        const [to, towards] = destinations!.split(',');
        assert.match(type!, /^[1-4](,|$)/);
        // An ICMPv6 message within the quote is cut short: only the first status is the error's own.
        assert.equal(status!.split(',')[0], '1', `checksum of ${type} ${sources} ${destinations}`);
        if (to === cmula) assert.equal(quoted, cmula, `${sources} ${destinations}`);
        else assert.equal(towards, cmula, 'the host says so of a packet that it got');
      }
    }
  });
});
