/** IPsec between two hosts: ESP in transport mode (RFC 4303 §3.1.1), keys set by hand. Needs a kernel with XFRM. */
import { randomBytes } from 'node:crypto';
import { runIn } from '../command.ts';
import type { LabHost } from '../state.ts';

/** Both ends encrypt all that one sends to the other, and take nothing else. */
export async function protectByEsp(first: LabHost, second: LabHost): Promise<void> {
  const key = (octets: number) => `0x${randomBytes(octets).toString('hex')}`;
  const lines = [first, second].flatMap((from, index) => {
    const to = index === 0 ? second : first;
    const pair = `src ${from.cmula} dst ${to.cmula}`;
    const algorithms = `auth hmac(sha256) ${key(32)} enc cbc(aes) ${key(16)}`;
    const association = `xfrm state add ${pair} proto esp spi ${0x1000 + index} mode transport ${algorithms}`;
    return [{ from, to, pair, association }];
  });
  for (const host of [first, second]) {
    const batch = lines.flatMap(({ from, pair, association }) => {
      const direction = from === host ? 'out' : 'in';
      return [association, `xfrm policy add ${pair} dir ${direction} tmpl ${pair} proto esp mode transport`];
    });
    await runIn(host.namespace, ['ip', '-6', '-batch', '-'], { input: `${batch.join('\n')}\n` });
  }
}

/** Packets that each of a host's associations has protected or opened, by its source address. */
export async function espPackets(host: LabHost): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await runIn(host.namespace, ['ip', '-s', 'xfrm', 'state']);
  const associations = stdout.split(/^(?=src )/m).filter((text) => text !== '');
  return new Map(
    associations.map((text) => [
      /^src (\S+)/.exec(text)![1]!,
      Number(/lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)/.exec(text)?.[1]),
    ]),
  );
}
