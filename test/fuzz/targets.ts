/** Every target by name; a file of its name in `targets/` exports it. */
import type { Target } from './target.ts';

export const targetNames = [
  'shim6',
  'shim6-options',
  'cga',
  'ipv6',
  'dns',
  'dns-stream',
  'tsig',
  'dhcp6',
  'dhcp6-server',
  'configuration',
  'event',
  'icmp6',
  'bfdd',
  'netlink',
  'control-socket',
  'responder',
] as const;

export type TargetName = (typeof targetNames)[number];

export const isTargetName = (name: string): name is TargetName =>
  (targetNames as readonly string[]).includes(name);

/** The module of a target, to be loaded on demand: coverage must be on before the code to watch is compiled. */
export const targetModule = (name: TargetName): string =>
  new URL(`./targets/${name}.ts`, import.meta.url).href;

export const loadTarget = async (module: string): Promise<Target> =>
  ((await import(module)) as { readonly target: Target }).target;
