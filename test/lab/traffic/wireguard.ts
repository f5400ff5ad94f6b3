/** WireGuard, the implementation in user space, between two hosts' CMULAs. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { LabError, run, runIn, until } from '../command.ts';
import { inState } from '../paths.ts';
import { assertAlive, start } from '../process.ts';
import type { LabHost } from '../state.ts';

const PORT = 51820;
const DEVICE = 'wg0';
/** Inside the tunnel; the hosts' own addresses are never seen there. */
const INNER = ['192.0.2.1', '192.0.2.2'] as const;

async function keys(host: LabHost): Promise<{ file: string; publicKey: string }> {
  const file = inState('wireguard', `${host.namespace}.key`);
  const { stdout: privateKey } = await run(['wg', 'genkey']);
  writeFileSync(file, privateKey, { mode: 0o600 });
  const { stdout } = await run(['wg', 'pubkey'], { input: privateKey });
  return { file, publicKey: stdout.trim() };
}

/** Joins two hosts by a tunnel; returns the second one's address in it. */
export async function joinByWireguard(first: LabHost, second: LabHost): Promise<string> {
  if (!existsSync('/dev/net/tun'))
    throw new LabError('/dev/net/tun is missing: WireGuard in user space needs it');
  mkdirSync(inState('wireguard'), { recursive: true, mode: 0o700 });
  const ends = [first, second] as const;
  const pairs = [await keys(first), await keys(second)] as const;
  for (const [index, host] of ends.entries()) {
    const name = `wireguard-${host.namespace}`;
    // Its control socket is named after the device, and lies in one place for all namespaces.
    const device = `${DEVICE}${host.namespace}`;
    const program = await start(name, host.namespace, ['wireguard-go', '-f', device]);
    await until(`${device} stands on ${host.name}`, async () => {
      assertAlive(program);
      return existsSync(`/var/run/wireguard/${device}.sock`);
    });
    const [peer, other] = [ends[1 - index]!, pairs[1 - index]!];
    const endpoint = `[${peer.cmula}]:${PORT}`;
    const about = ['peer', other.publicKey, 'endpoint', endpoint, 'allowed-ips', `${INNER[1 - index]}/32`];
    const own = ['listen-port', String(PORT), 'private-key', pairs[index]!.file];
    await runIn(host.namespace, ['wg', 'set', device, ...own, ...about]);
    await runIn(host.namespace, ['ip', 'address', 'add', `${INNER[index]}/24`, 'dev', device]);
    await runIn(host.namespace, ['ip', 'link', 'set', 'dev', device, 'mtu', '1280', 'up']);
  }
  return INNER[1];
}
