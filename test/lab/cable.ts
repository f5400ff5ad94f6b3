/** Cables of a box whose interfaces are deleted, and laid anew: other interfaces, under the same names. */
import { run, runIn } from './command.ts';
import { customerRoutes, offloadsOff, receiveRedirected, uplinkRoutes } from './network.ts';
import { NAMESPACE_PREFIX, type Provider, type Site } from './topology.ts';

const batch = (namespace: string, lines: readonly string[]) =>
  runIn(namespace, ['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });

/** Both ends go. */
export const removeCable = (site: Site, device: string) =>
  runIn(site.box, ['ip', 'link', 'delete', 'dev', device]);

/** Between the box and a provider's router, with the addresses and routes that went with it. */
export async function layProviderCable(site: Site, provider: Provider): Promise<void> {
  await lay(site, provider.name, provider.name);
  await batch(provider.name, customerRoutes(site, provider));
  await batch(site.box, uplinkRoutes(provider));
}

/** Between the box and its hosts' switch. */
export async function layInsideCable(site: Site): Promise<void> {
  await lay(site, 'lan', site.switch);
  await batch(site.switch, [`link set dev ${site.box} master lan`]);
  await batch(site.box, [`addr add ${site.router}/64 dev lan`]);
}

/** From the box's `device` to the interface in `far` that has the box's name. */
async function lay({ box }: Site, device: string, far: string): Promise<void> {
  const [here, there] = [NAMESPACE_PREFIX + box, NAMESPACE_PREFIX + far];
  const peer = ['peer', 'name', box, 'netns', there];
  await run(['ip', 'link', 'add', 'name', device, 'netns', here, 'type', 'veth', ...peer]);
  for (const [namespace, name] of [
    [box, device],
    [far, box],
  ] as const) {
    await runIn(namespace, ['sh', '-c', offloadsOff(name)]);
    await batch(namespace, [`link set dev ${name} up`]);
  }
  await run(['sh', '-c', receiveRedirected({ namespace: far, interface: box })]);
}
