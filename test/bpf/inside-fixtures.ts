/** Frames of the program `inside`: a host's, and how it leaves by an uplink. */
import * as lab from './fixtures.ts';
import * as packets from './packets.ts';

const { HOST, PEER, fromHost, toProvider } = lab;

type Fields = Partial<packets.FrameFields>;

/** A host's frame, 64 hops to go. */
export const sent = (parts: readonly packets.Part[], fields: Fields = {}) =>
  packets.frame({ link: fromHost, source: HOST, destination: PEER, parts, ...fields });

/** How it leaves by the uplink. */
export const leaves = (parts: readonly packets.Part[], fields: Fields = {}, uplink: 0 | 1 = 0) =>
  packets.frame({
    link: toProvider(uplink),
    source: lab.LOCATORS[uplink],
    destination: lab.PEER_LOCATORS[uplink],
    hopLimit: 63,
    parts,
    ...fields,
  });

export const shim = packets.payloadHeader(lab.PEER_TAG);
