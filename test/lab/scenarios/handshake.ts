/**
 * A failure during the handshake: from its first message on, the first provider loses everything of SHIM6, control and
 * payload, while ordinary packets (the DNS, BFD, BGP) go on. The handshake must complete by the other provider, and
 * the payload find its way there, too.
 */
import { contextBetween } from '../box.ts';
import { LabError, runIn } from '../command.ts';
import { startTransfer } from '../measure.ts';
import { PAYLOAD, payloadDigest } from '../services.ts';
import { hostIn } from '../state.ts';
import type { ScenarioResult } from './scenario.ts';

const TABLE = 'pshim6_handshake';
/** I1_TIMEOUT at its longest, and REAP's Send Timeout with its exploration: RFC 5533 §14, RFC 5534. */
const MOST = 6_000 + 5_000;

export async function runHandshakeScenario(): Promise<ScenarioResult> {
  const [host, peer] = [hostIn('h1b'), hostIn('h2')];
  if ((await contextBetween(host, peer)) !== undefined)
    throw new LabError('h1b and h2 have a context already');
  const rules = `table ip6 ${TABLE} {
  chain forward { type filter hook forward priority -10; ip6 nexthdr 140 drop; }
}`;
  await runIn('x1', ['nft', '-f', '-'], { input: rules });
  try {
    const { sha256, seconds, connect } = await startTransfer(
      host,
      `http://${peer.name}${PAYLOAD.path}`,
      20_000_000,
    ).done;
    if (sha256 !== payloadDigest()) throw new LabError('what arrived has another checksum');
    const context = await contextBetween(host, peer);
    const uplink = context?.paths[context.active ?? 0]?.uplink;
    if (uplink === undefined || uplink === 'x1')
      throw new LabError(`${uplink ?? 'nothing'} carries h1b's packets`);
    const gap = connect * 1000;
    if (gap > MOST) throw new LabError(`the connection took ${gap.toFixed(0)} ms, more than ${MOST}`);
    const none = { before: 0, mending: 0, lost: 0, duplicates: 0 };
    return {
      name: 'handshake',
      title: 'failure during handshake (time to connect)',
      noticedBy: 'retransmission of I1, then REAP',
      most: MOST,
      toH1: { ...none, failing: gap },
      toH2: { ...none, failing: gap },
      transferSeconds: seconds,
      sshMilliseconds: 0,
      carriedBy: uplink,
    };
  } finally {
    await runIn('x1', ['nft', 'delete', 'table', 'ip6', TABLE]);
  }
}
