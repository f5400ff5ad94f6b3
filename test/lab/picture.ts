/** The lab drawn in characters, with what is cut marked. */
import type { LabStatus } from './lab.ts';

const PICTURE = `
  h1  h1b             ns  res  web              h2
    \\ /                 \\  |  /                 |
   lan1                  \\ | /                 lan2
     |    ╭──①── x1 ──╮  ╭──────╮  ╭── x2 ──③──╮   |
     p1 ──┤            ├──┤ core ├──┤            ├── p2
          ╰──②── y1 ──╯  ╰──────╯  ╰── y2 ──④──╯
`.slice(1);

/** Where each uplink is in the picture. */
const MARKS: readonly [provider: string, mark: string][] = [
  ['x1', '①'],
  ['y1', '②'],
  ['x2', '③'],
  ['y2', '④'],
];

/** Each uplink is one character wide: a line while it has carrier, a cross when it is cut. */
export function drawLab(status: LabStatus): string {
  let text = PICTURE;
  for (const [provider, mark] of MARKS) {
    const link = status.providers.find(({ name }) => name === provider);
    text = text.replace(mark, link === undefined || link.up ? '─' : '×');
  }
  return text;
}

export function describeLab(status: LabStatus): string {
  if (!status.up && status.namespaces.length === 0) return 'the lab is down';
  const hosts = status.hosts.map(
    ({ namespace, name, cmula }) => `  ${namespace.padEnd(4)} ${name.padEnd(12)} ${cmula}`,
  );
  const providers = status.providers.map(
    ({ name, up, notDelegated, uniqueLocal }) =>
      `  ${name.padEnd(4)} ${up ? 'up ' : 'cut'}  ` +
      `dropped: ${notDelegated} with a source it did not delegate, ${uniqueLocal} with a unique local address`,
  );
  const boxes = status.boxes.map(
    ({ namespace, socket }) => `  ${namespace.padEnd(4)} npm run pshim6 -- --socket ${socket} contexts`,
  );
  const dead = status.processes.filter(({ alive }) => !alive).map(({ name }) => name);
  return [
    drawLab(status),
    'hosts',
    ...hosts,
    'providers',
    ...providers,
    ...(boxes.length === 0 ? [] : ['boxes, and how to ask them', ...boxes]),
    `${status.processes.length} programs${dead.length === 0 ? ', all running' : `; ended: ${dead.join(', ')}`}`,
    ...(status.up
      ? []
      : [`incomplete: ${status.namespaces.length} namespaces; pshim6 lab down removes them`]),
  ].join('\n');
}
