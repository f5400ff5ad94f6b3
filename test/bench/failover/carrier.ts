/** Carrier loss through the real data path: how long no packet leaves, with so many contexts in the tables. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSiteKey } from '../../../control/store/site-key.ts';
import { command } from '../command.ts';
import { RowError } from '../errors.ts';
import { LineProcess } from '../line-process.ts';
import { type Spread, spread } from '../statistics.ts';
import { boxAddress, INSIDE, PROVIDERS, routerAddress } from './site.ts';

export interface CarrierRow {
  readonly contexts: number;
  /** Milliseconds, from the last packet by the provider that fails to the first by the other. */
  readonly gap: Spread;
  /** The longest time between two packets before the cut: what a gap is to be compared with. */
  readonly before: number;
  /** How late the box's event loop was at worst meanwhile, milliseconds. */
  readonly eventLoop: number;
}

const HOSTS = 'hosts';

/** Throws CommandError and RowError. Leaves nothing behind. */
export async function measureCarrierLoss(contexts: number, rounds: number): Promise<CarrierRow> {
  const folder = mkdtempSync(join(tmpdir(), 'pshim6-failover-'));
  const [box, outside] = ['box', 'outside'].map((role) => `pshim6-failover-${process.pid}-${role}`) as [
    string,
    string,
  ];
  const programs: LineProcess[] = [];
  try {
    buildNetwork(box, outside);
    const key = join(folder, 'site.pem');
    createSiteKey(key);
    const daemon = new LineProcess(box, join(import.meta.dirname, 'box.ts'), [contexts, key]);
    programs.push(daemon);
    const standing = await daemon.answer<{ contexts: number }>();
    const numbers = [HOSTS, ...PROVIDERS].map((name) => linkOf(outside, name).ifindex);
    const words = [contexts, linkOf(box, INSIDE).address, ...numbers];
    const around = new LineProcess(outside, join(import.meta.dirname, 'outside.ts'), words);
    programs.push(around);
    await around.answer();
    return await measure(daemon, around, standing.contexts, rounds);
  } finally {
    await Promise.all(programs.map((program) => program.close()));
    for (const namespace of [box, outside])
      if (existsSync(`/run/netns/${namespace}`)) command(`ip netns delete ${namespace}`);
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  daemon: LineProcess,
  around: LineProcess,
  contexts: number,
  rounds: number,
): Promise<CarrierRow> {
  const gaps: number[] = [];
  let before = 0;
  let eventLoop = 0;
  for (let round = 0; round < rounds; round++) {
    await daemon.order('delay');
    const result = await around.order<{ before: number; gap: number | null }>('fail');
    if (result.gap === null)
      throw new RowError(`${contexts} contexts`, 'no packet came by the other provider');
    gaps.push(result.gap);
    before = Math.max(before, result.before);
    eventLoop = Math.max(eventLoop, (await daemon.order<{ worst: number }>('delay')).worst);
    // Contexts stay where they went: the next round cuts that provider.
    const { healed } = await around.order<{ healed: string }>('heal');
    const { up } = await daemon.order<{ up: boolean }>('up');
    if (!up) throw new RowError(`${contexts} contexts`, `${healed} is not up again`);
  }
  return { contexts, gap: spread(gaps), before, eventLoop };
}

function linkOf(namespace: string, name: string): { ifindex: number; address: string } {
  const [link] = JSON.parse(command(`ip -n ${namespace} -json link show dev ${name}`)) as {
    ifindex: number;
    address: string;
  }[];
  return link!;
}

/** The box between its hosts and two providers. */
function buildNetwork(box: string, outside: string): void {
  for (const namespace of [box, outside]) command(`ip netns add ${namespace}`);
  const pairs = [[INSIDE, HOSTS], ...PROVIDERS.map((name) => [name, name])] as const;
  for (const [here, there] of pairs) {
    command(`ip link add ${here} netns ${box} type veth peer name ${there} netns ${outside}`);
    command(`ip -n ${box} link set dev ${here} up`);
    command(`ip -n ${outside} link set dev ${there} up`);
    // A veth end takes redirected frames only if it has an XDP program or GRO.
    command(`ip netns exec ${outside} ethtool -K ${there} gro on`);
  }
  for (const [index, name] of PROVIDERS.entries()) {
    command(`ip -n ${box} address add ${boxAddress(index)} dev ${name} nodad`);
    // The address stays while the link is down.
    command(`ip netns exec ${outside} sysctl -qw net.ipv6.conf.${name}.keep_addr_on_down=1`);
    command(`ip -n ${outside} address add ${routerAddress(index)}/64 dev ${name} nodad`);
  }
}
