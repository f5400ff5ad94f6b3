/** The product's own rows: the box's programs and tables, filled as the controller fills them. */
import { fileURLToPath } from 'node:url';
import { Dataplane } from '../../control/dataplane/dataplane.ts';
import { NO_SLOT } from '../../control/dataplane/slot-table.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { RowError } from './errors.ts';
import { insertedFrame, MAC, strippedFrame } from './packets.ts';
import type { Row, RowName } from './row.ts';
import type { Lane } from './topology.ts';

const MTU = 1500;
const UPLINK = { index: 0, port: 0 };
const HOST_PORT = 1;

/** One box in two lanes, as its two directions never meet: `insert` toward its uplink, `strip` toward its hosts. */
export function boxRows(
  lanes: Record<'insert' | 'strip', Lane>,
  capacity: number,
  random: (length: number) => Uint8Array,
): [insert: Row, strip: Row] {
  const box = new Dataplane({
    objects: fileURLToPath(new URL('../../bpf/build', import.meta.url)),
    capacity,
    mode: 'native',
    strictSource: true,
    clampMss: false,
    sitePrefixes: [parsePrefix('fc00:db8:1::/48')],
    ulidPrefixes: [parsePrefix('fc00::/8')],
    punts: { total: 1, perSource: 1 },
    random,
  });
  const attach = (program: 'inside' | 'outside', { namespace, interfaces }: Lane, port: number) =>
    namespace.run(() => {
      box.setPort(port, { ifindex: interfaces.c, vlan: 0, mtu: MTU, mac: MAC.boxOut });
      box.attach(program, interfaces.b);
    });
  attach('inside', lanes.insert, UPLINK.port);
  attach('outside', lanes.strip, HOST_PORT);
  box.links.setUplink(UPLINK.index, { port: UPLINK.port, mtu: MTU, gateway: MAC.sink });
  box.links.setUplinkState(UPLINK.index, true);

  return [
    {
      name: 'insert',
      lane: lanes.insert,
      traffic: 'inside',
      expected: insertedFrame,
      admit: ({ localUlid, peerUlid, localLocator: source, peerLocator: destination, tag }) => {
        const path = { source, destination, uplink: UPLINK.index };
        box.egress.setLive(admitted('insert', box.egress.add(localUlid, peerUlid, tag, [path])));
      },
      close: () => box.close(false),
    },
    {
      name: 'strip',
      lane: lanes.strip,
      traffic: 'outside',
      expected: strippedFrame,
      admit: ({ localUlid, peerUlid, peerLocator, tag }) => {
        const host = { port: HOST_PORT, mac: MAC.sink };
        admitted('strip', box.ingress.add(tag, localUlid, peerUlid, [peerLocator], host));
      },
    },
  ];
}

function admitted(row: RowName, slot: number): number {
  if (slot === NO_SLOT) throw new RowError(row, 'the table refused a context');
  return slot;
}
