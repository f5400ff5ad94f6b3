/**
 * tshark finds no bad checksum on any link, but for the upper layers' of shimmed packets between the boxes: those cover
 * the ULIDs, not the locators (RFC 5533 §1.3), and are right once the ULIDs are back.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { type Address, parseAddress } from '../../control/wire/ipv6/address.ts';
import { formatTag } from '../../control/wire/shim6/context-tag.ts';
import {
  decodePayloadHeader,
  isPayload,
  PAYLOAD_HEADER_LENGTH,
} from '../../control/wire/shim6/payload-header.ts';
import { contexts } from './box.ts';
import { run, runIn, until } from './command.ts';
import { down, up } from './lab.ts';
import { ping } from './measure.ts';
import { inState } from './paths.ts';
import { captureOf, packetsOf } from './pcap.ts';
import { assertAlive, start, stop } from './process.ts';
import { hostIn, type LabProcess } from './state.ts';
import { payloadAt } from './steps.ts';
import { NAME_SERVER, PROVIDERS, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

const IPV6_HEADER_LENGTH = 40;
const SHIM6 = 140;
/** Of tshark's fields PROTOCOL.checksum.status. */
const BAD = '== 0';
const GOOD = '== 1';
const PROTOCOLS = ['tcp', 'udp', 'icmpv6'] as const;

interface Wire {
  readonly namespace: string;
  readonly device: string;
}

const PROVIDER_WIRES: readonly Wire[] = PROVIDERS.map(({ site, provider }) => ({
  namespace: provider.name,
  device: site.box,
}));
/**
 * At the switch: hosts leave checksums to their interfaces, and the switch fills them in; what XDP redirects is not
 * seen on the box itself.
 */
const SITE_WIRES: readonly Wire[] = SITES.map((site) => ({ namespace: site.switch, device: site.box }));
const WIRES = [...PROVIDER_WIRES, ...SITE_WIRES];

const fileOf = ({ namespace, device }: Wire) => inState(`wire-${namespace}-${device}.pcap`);

async function capture(wire: Wire): Promise<LabProcess> {
  const argv = ['dumpcap', '-q', '-P', '-i', wire.device, '-f', 'ip6', '-w', fileOf(wire)];
  const program = await start(`dumpcap-${wire.namespace}-${wire.device}`, wire.namespace, argv);
  await until(`dumpcap captures in ${wire.namespace}`, async () => {
    assertAlive(program);
    return statSync(fileOf(wire), { throwIfNoEntry: false })?.size;
  });
  return program;
}

/** How many packets of a capture tshark shows with a filter; not errors, which quote but a part of what a checksum covers. */
async function count(file: string, filter: string): Promise<number> {
  const checks = ['tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE'].flatMap((option) => ['-o', option]);
  const whole = `(${filter}) and not (icmpv6.type < 128)`;
  const { stdout } = await run([
    'tshark',
    '-n',
    '-r',
    file,
    ...checks,
    '-Y',
    whole,
    '-T',
    'fields',
    '-e',
    'ipv6.src',
  ]);
  return stdout.split('\n').filter(Boolean).length;
}

const anyOf = (protocols: readonly string[], status: string): string =>
  protocols.map((protocol) => `${protocol}.checksum.status ${status}`).join(' or ');

interface Ulids {
  readonly source: Address;
  readonly destination: Address;
}

/** By receiver context tag, what both boxes know of the packets that carry it. */
async function ulidsByTag(): Promise<ReadonlyMap<string, Ulids>> {
  const rows = (await Promise.all(SITES.map(contexts))).flat();
  return new Map(
    rows.map(({ localTag, local, peer }) => [
      localTag,
      { source: parseAddress(peer), destination: parseAddress(local) },
    ]),
  );
}

/** The host's own packet: ULIDs in place of locators, no payload header. Undefined for other packets. */
function restored(packet: Uint8Array, ulids: ReadonlyMap<string, Ulids>): Uint8Array | undefined {
  const shim = packet.subarray(IPV6_HEADER_LENGTH);
  if (packet[6] !== SHIM6 || !isPayload(shim)) return undefined;
  const { nextHeader, receiverTag } = decodePayloadHeader(shim);
  const pair = ulids.get(formatTag(receiverTag));
  assert.ok(pair !== undefined, `no box knows tag ${formatTag(receiverTag)}`);
  const whole = new Uint8Array(packet.length - PAYLOAD_HEADER_LENGTH);
  whole.set(packet.subarray(0, IPV6_HEADER_LENGTH));
  new DataView(whole.buffer).setUint16(4, whole.length - IPV6_HEADER_LENGTH);
  whole[6] = nextHeader;
  whole.set(pair.source, 8);
  whole.set(pair.destination, 24);
  whole.set(packet.subarray(IPV6_HEADER_LENGTH + PAYLOAD_HEADER_LENGTH), IPV6_HEADER_LENGTH);
  return whole;
}

describe('checksums', { skip }, () => {
  let ulids: ReadonlyMap<string, Ulids>;

  before(async () => {
    await up({ owned: true });
    const programs = await Promise.all(WIRES.map(capture));
    const [h1, h2] = [hostIn('h1'), hostIn('h2')];
    await runIn(h1.namespace, ['curl', '-sS', '--fail', '-r', '0-999999', '-o', '/dev/null', payloadAt(h2)]);
    await runIn(h1.namespace, ['bash', '-c', `echo over > /dev/udp/${h2.cmula}/9`]);
    await ping(h2, h1.name, 3);
    // Three fragments each way, and UDP with answers by way of the boxes' resolvers.
    await runIn(h1.namespace, ['ping', '-6', '-n', '-c', '2', '-i', '0.1', '-s', '4000', h2.name]);
    await runIn(h2.namespace, ['dig', '+short', NAME_SERVER.name, 'AAAA']);
    ulids = await ulidsByTag();
    await stop(programs);
  });
  after(down);

  it('are good on the hosts’ links, whatever the packet', async () => {
    for (const wire of SITE_WIRES) {
      assert.equal(await count(fileOf(wire), anyOf([...PROTOCOLS, 'shim6'], BAD)), 0, fileOf(wire));
      assert.ok((await count(fileOf(wire), anyOf(PROTOCOLS, GOOD))) > 10, fileOf(wire));
    }
  });

  it('are good on the providers’ links, of all but shimmed packets', async () => {
    for (const wire of PROVIDER_WIRES) {
      const bad = `(${anyOf([...PROTOCOLS, 'shim6'], BAD)}) and not shim6.p == 1`;
      assert.equal(await count(fileOf(wire), bad), 0, fileOf(wire));
    }
  });

  it('of shimmed packets are good once the ULIDs are back', async () => {
    const shimmed = PROVIDER_WIRES.flatMap((wire) => packetsOf(readFileSync(fileOf(wire))));
    const packets = shimmed.flatMap((packet) => restored(packet, ulids) ?? []);
    const file = inState('restored.pcap');
    writeFileSync(file, captureOf(packets));
    assert.equal(await count(file, anyOf(PROTOCOLS, BAD)), 0);
    for (const protocol of PROTOCOLS) {
      assert.ok((await count(file, `${protocol}.checksum.status ${GOOD}`)) > 0, `no ${protocol}`);
    }
  });

  it('would be found bad if the ULIDs were others', async () => {
    const wrong = new Map([...ulids].map(([tag, { source }]) => [tag, { source, destination: source }]));
    const wires = PROVIDER_WIRES.flatMap((wire) => packetsOf(readFileSync(fileOf(wire))));
    const file = inState('wrong.pcap');
    writeFileSync(file, captureOf(wires.flatMap((packet) => restored(packet, wrong) ?? [])));
    assert.ok((await count(file, anyOf(PROTOCOLS, BAD))) > 10);
  });
});
