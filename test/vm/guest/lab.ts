/**
 * Runs in the guest: the lab on a kernel that has VLANs and IPsec, of which the machine's own need have neither. All the
 * boxes' links are 802.1Q VLANs; hosts talk over CMULAs, in the clear and by ESP; a provider is cut.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { contextBetween, drops } from '../../lab/box.ts';
import { runIn, until } from '../../lab/command.ts';
import { down, uplinkReaches } from '../../lab/lab.ts';
import { inState } from '../../lab/paths.ts';
import { framesOf } from '../../lab/pcap.ts';
import { start, stop } from '../../lab/process.ts';
import { hostIn, type LabHost } from '../../lab/state.ts';
import { SITES } from '../../lab/topology.ts';
import { espPackets, protectByEsp } from '../../lab/traffic/ipsec.ts';
import { wireOf } from '../../lab/vlans.ts';
import { OCTETS, ping, raise, serveFile, transfer } from './bare-lab.ts';

const [site] = SITES;
const provider = site.providers[0]!;
const routerEnd = { namespace: provider.name, interface: site.box };
const wire = wireOf(routerEnd)!;

/** IPv6 Next Header values and what follows the header. */
const [SHIM6, ESP] = [140, 50];
const IPV6_LENGTH = 40;
const TAGGED_LINK_LENGTH = 18;

/** The IPv6 frames on the wire between box and first provider while `traffic` runs, behind their link headers. */
async function onTheWire(traffic: () => Promise<unknown>): Promise<Uint8Array[]> {
  const file = inState('wire.pcap');
  const words = ['dumpcap', '-q', '-P', '-i', wire.interface, '-w', file];
  const capture = await start('dumpcap', provider.name, words);
  await until('dumpcap captures', async () => statSync(file, { throwIfNoEntry: false })?.size);
  await traffic();
  await stop([capture]);
  const frames = framesOf(readFileSync(file));
  for (const frame of frames) {
    // Tagged once, with this VLAN.
    assert.equal(Buffer.from(frame).readUInt16BE(12), 0x8100);
    assert.equal(Buffer.from(frame).readUInt16BE(14) & 0xfff, wire.vlan);
  }
  return frames.filter((frame) => Buffer.from(frame).readUInt16BE(16) === 0x86dd);
}

const nextHeader = (frame: Uint8Array): number => frame[TAGGED_LINK_LENGTH + 6]!;
/** Of a payload extension header, P = 1 (RFC 5533 §5.2): what it carries. */
const carried = (frame: Uint8Array): number | undefined =>
  nextHeader(frame) === SHIM6 && frame[TAGGED_LINK_LENGTH + IPV6_LENGTH + 2]! & 0x80
    ? frame[TAGGED_LINK_LENGTH + IPV6_LENGTH]
    : undefined;
const isControl = (frame: Uint8Array): boolean => nextHeader(frame) === SHIM6 && carried(frame) === undefined;

describe('boxes whose links are VLANs', () => {
  let [client, server]: LabHost[] = [];
  before(async () => {
    await raise({ vlans: true });
    [client, server] = [hostIn('h1'), hostIn('h2')];
    await serveFile([client, server]);
  });
  after(down);

  it('shake hands and carry payload, every frame tagged once', async () => {
    const frames = await onTheWire(async () => assert.equal(await ping(client!, server!.name, 5), 5));
    assert.ok(frames.filter(isControl).length >= 4, 'no handshake');
    // Of 10; the capture may end before it has written the last of them.
    const echoes = frames.filter((frame) => carried(frame) === 58).length;
    assert.ok(echoes >= 6 && echoes <= 10, `${echoes} echoes and answers`);
    assert.equal((await contextBetween(client!, server!))?.state, 'ESTABLISHED');
  });

  it('carry TCP both ways', async () => {
    await transfer(client!, server!);
    await transfer(server!, client!);
  });

  it('carry packets as large as the path takes, and tell hosts of larger ones', async () => {
    const words = ['ping', '-6', '-n', '-c', '1', '-M', 'do', '-W', '5'];
    await runIn(client!.namespace, [...words, '-s', String(1492 - 48), server!.cmula]);
    await assert.rejects(
      runIn(client!.namespace, [...words, '-s', String(1493 - 48), server!.cmula]),
      /1492/,
    );
  });

  it('carry ESP in transport mode between hosts', async () => {
    await protectByEsp(client!, server!);
    const frames = await onTheWire(async () => {
      assert.equal(await ping(client!, server!.name, 5), 5);
      assert.equal(await ping(server!, client!.cmula, 5, 1300), 5);
      await transfer(client!, server!);
      await transfer(server!, client!);
    });
    const payload = frames.flatMap((frame) => carried(frame) ?? []);
    assert.ok(payload.length > (2 * OCTETS) / 1500, `${payload.length} packets`);
    assert.deepEqual(
      payload.filter((header) => header !== ESP),
      [],
    );
    for (const host of [client!, server!]) {
      const counts = await espPackets(host);
      for (const source of [client!.cmula, server!.cmula])
        assert.ok((counts.get(source) ?? 0) > OCTETS / 1500, `${host.name}: ${[...counts]}`);
    }
  });

  it('go by another provider when the cable below a VLAN is cut', async () => {
    await runIn(provider.name, ['ip', 'link', 'set', 'dev', wire.interface, 'down']);
    await uplinkReaches(provider.name, 'down');
    assert.equal(await ping(client!, server!.name, 5), 5);
    await transfer(client!, server!);
    const context = await contextBetween(client!, server!);
    assert.equal(context?.paths[context.active!]?.uplink, site.providers[1]!.name);
    const malformed = (await drops(site)).filter(
      ({ reason, packets }) => reason === 'malformed' && packets > 0,
    );
    assert.deepEqual(malformed, []);
  });
});
