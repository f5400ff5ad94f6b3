/** What the fixture files of NATv6 share: its tables, a packet on the host's side and on the provider's. */
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { parsePrefix } from '../../control/wire/ipv6/prefix.ts';
import { summed, upper } from './checksummed.ts';
import { DataPath } from './data-path.ts';
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { HOST, LOCATORS, fromHost, toHost, fromProvider, toProvider } = lab;
const { NextHeader, concat, counting } = packets;
export const PEER = '2001:db8:f::80';
const HASH_KEY = BigUint64Array.of(0x1234567890abcdefn, 0xfedcba0987654321n, 0x1111222233334445n, 0x99n);
export const Flag = { syn: 2, rst: 4, synAck: 0x12, ack: 0x10 } as const;

export const dataPath = DataPath.shared();

export type Direction = 'first' | 'second';

/** The host is translated by both providers; all pairs prefer the first, or the second, one. */
export function natTables({ prefer = 'first' as Direction, silent = false, host = true } = {}): void {
  lab.standardTables(dataPath);
  const order = prefer === 'first' ? [0, 1] : [1, 0];
  dataPath.nat.setChoices(Array.from({ length: 256 }, () => order));
  dataPath.nat.setProviderPrefixes(['2001:db8:11::/48', '2001:db8:12::/48'].map(parsePrefix));
  const locators = LOCATORS.map((address, uplink) => ({ address: parseAddress(address), uplink }));
  const mac = Uint8Array.of(2, 0, 0, 0, 1, 0x11);
  dataPath.nat.setHost(parseAddress(HOST), locators, host ? { port: lab.HOST_PORT, mac } : undefined);
  dataPath.nat.enable({ silent, hashKey: HASH_KEY });
}

export type Parts = readonly packets.Part[];
export type Fields = Partial<packets.FrameFields>;
type Addressed = (source: string, destination: string) => Parts;

/** The frame on the host's side and on the provider's, for parts that may depend on the addresses. */
export const outbound = (parts: Parts | Addressed, fields: Fields = {}) => {
  const of = (source: string) =>
    summed(source, PEER, typeof parts === 'function' ? parts(source, PEER) : parts);
  return {
    sent: packets.frame({ link: fromHost, source: HOST, destination: PEER, parts: of(HOST), ...fields }),
    leaves: (uplink: 0 | 1 = 0, more: Fields = {}) =>
      packets.frame({
        link: toProvider(uplink),
        source: LOCATORS[uplink],
        destination: PEER,
        hopLimit: 63,
        parts: of(LOCATORS[uplink]),
        ...more,
      }),
  };
};
export const inbound = (parts: Parts | Addressed, uplink: 0 | 1 = 0, fields: Fields = {}) => {
  const of = (destination: string) =>
    summed(PEER, destination, typeof parts === 'function' ? parts(PEER, destination) : parts);
  const arriving = { link: fromProvider(uplink), source: PEER, destination: LOCATORS[uplink] };
  return {
    arrives: packets.frame({ ...arriving, parts: of(LOCATORS[uplink]), ...fields }),
    delivered: (more: Fields = {}) =>
      packets.frame({
        link: toHost,
        source: PEER,
        destination: HOST,
        hopLimit: 63,
        parts: of(HOST),
        ...more,
      }),
  };
};

export const udp = (length = 28) =>
  upper(NextHeader.udp, concat([0x9c, 0x40, 0, 53, 0, length, 0, 0], counting(length - 8)));
export const typed = (type: number, length = 40) => upper(type, counting(length));
