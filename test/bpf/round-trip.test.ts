/** One box's `inside` and the other's `outside`: a packet arrives as it was sent, but for two hops. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { udp, tcp, icmp6, hopByHop, destinationOptions, routing, fragment, authentication, esp } = packets;
const dataPath = DataPath.shared();

const chains: readonly (readonly packets.Part[])[] = [
  [udp()],
  [tcp()],
  [icmp6()],
  [esp()],
  [authentication(), udp()],
  [fragment(0, true), udp(600)],
  [hopByHop(), udp()],
  [hopByHop(), destinationOptions(), routing(), udp()],
  [hopByHop(), destinationOptions(), routing(), destinationOptions(), authentication(), tcp()],
  [destinationOptions(4), udp()],
];

for (const sentVlan of [undefined, 10])
  for (const wireVlan of [undefined, 20])
    for (const arrivedVlan of [undefined, 30])
      test(`VLAN ${sentVlan ?? 'none'}, ${wireVlan ?? 'none'}, ${arrivedVlan ?? 'none'}`, () => {
        const { tables } = dataPath;
        lab.standardTables(dataPath);
        lab.setPort(tables, 0, { vlan: wireVlan });
        lab.setPort(tables, lab.HOST_PORT, { vlan: arrivedVlan });
        // The far site's box: its peer is the sender, its tag the one the sender writes.
        lab.placeIngress(tables, {
          tag: lab.PEER_TAG,
          peer: lab.HOST,
          local: lab.PEER,
          peerLocators: lab.LOCATORS,
        });
        for (const parts of chains) {
          const ends = { source: lab.HOST, destination: lab.PEER, parts };
          const sent = packets.frame({ ...ends, link: { ...lab.fromHost, vlan: sentVlan } });
          const wire = dataPath.run('inside', sent);
          const arrived = dataPath.run('outside', wire.data);
          const link = { ...lab.toHost, vlan: arrivedVlan };
          assert.deepEqual(arrived.data, packets.frame({ ...ends, link, hopLimit: 62 }));
          assert.equal(arrived.counts['outside forwarded'], 1);
        }
      });
