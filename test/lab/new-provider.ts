/** One more provider for site 1, whom nothing knows yet: a router, a cable to the box, and its place in the Internet. */
import { run, runIn } from './command.ts';
import { offloadsOff, providerRecipe, ROUTER_SYSCTLS, receiveRedirected, SYSCTLS } from './network.ts';
import { CORE, NAMESPACE_PREFIX, provider, SITES } from './topology.ts';

const [SITE] = SITES;

export const NEW_PROVIDER = provider('z1', '13', 1);

const batch = (namespace: string, lines: readonly string[]) =>
  runIn(namespace, ['ip', '-6', '-batch', '-'], { input: `${lines.join('\n')}\n` });

/** With its cable to the box, and the box's addresses and routes. Namespaces go with the lab: z1 is among its guests. */
export async function addNewProvider(): Promise<void> {
  await connectNewProvider(SITE.box);
  const { name, prefix, gateway, boxAddress, table } = NEW_PROVIDER;
  await batch(SITE.box, [
    `addr add ${boxAddress}/64 dev ${name}`,
    `route add default via ${gateway} dev ${name} table ${table}`,
    `rule add priority 1000 from ${prefix} lookup ${table}`,
    `route add unreachable ${prefix} metric 9998`,
  ]);
}

/** Its router, which the Internet knows, and the cable from there to a namespace of the site. */
export async function connectNewProvider(customer: string): Promise<void> {
  const { name, prefix } = NEW_PROVIDER;
  await run(['ip', 'netns', 'add', NAMESPACE_PREFIX + name]);
  await runIn(name, ['sysctl', '-qw', ...SYSCTLS, ...ROUTER_SYSCTLS]);
  // The router's interface toward its customer has the name of the site's box, whoever that is.
  for (const [far, interfaceThere] of [
    [customer, SITE.box],
    [CORE, CORE],
  ] as const) {
    const link = ['link', 'add', 'name', interfaceThere, 'netns', NAMESPACE_PREFIX + name, 'type', 'veth'];
    await run(['ip', ...link, 'peer', 'name', name, 'netns', NAMESPACE_PREFIX + far]);
  }
  await batch(name, ['link set dev lo up', `link set dev ${SITE.box} up`, `link set dev ${CORE} up`]);
  await batch(customer, [`link set dev ${name} up`]);
  await batch(CORE, [`link set dev ${name} up`]);
  await runIn(name, ['sh', '-c', offloadsOff(SITE.box)]);
  await runIn(customer, ['sh', '-c', offloadsOff(name)]);
  await run(['sh', '-c', receiveRedirected({ namespace: name, interface: SITE.box })]);

  const { ip, shell } = providerRecipe(SITE, NEW_PROVIDER);
  await batch(name, ip);
  for (const line of shell) await runIn(name, ['sh', '-c', line]);
  await batch(CORE, [`addr add fe80::1/64 dev ${name}`, `route add ${prefix} via fe80::2 dev ${name}`]);
}
