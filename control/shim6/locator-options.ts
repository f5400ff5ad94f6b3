/** A host's locators as the options that tell them, RFC 5533 §5.15.2 to §5.15.5. */
import { type Option, PreferenceFlag, VerificationMethod } from '../wire/shim6/index.ts';
import type { Core } from './core.ts';
import type { Announcement, Host, LocalLocator } from './local-host.ts';

/**
 * Locator List, Locator Preferences, CGA Parameter Data Structure, Keepalive Timeout unless it is the default, and,
 * unless every locator is an HBA, CGA Signature, in this order.
 */
export function locatorOptions(core: Core, host: Host, announcement: Announcement): readonly Option[] {
  announcement.options ??= composeOptions(core, host, announcement);
  return announcement.options;
}

function composeOptions(core: Core, host: Host, { generation, locators }: Announcement): readonly Option[] {
  const methods = locators.map(({ address }) => core.identity.method?.(host.ulid, address) ?? 'CGA');
  const options: Option[] = [
    {
      type: 'LocatorList',
      generation,
      locators: locators.map(({ address }, index) => ({
        address,
        method: VerificationMethod[methods[index]!],
      })),
    },
    preferencesOption(generation, locators),
    parametersOption(core, host),
    ...keepaliveOption(core),
  ];
  const signed = locators.filter((_, index) => methods[index] === 'CGA').map(({ address }) => address);
  if (signed.length === 0) return options;
  const signature = core.identity.sign(host.ulid, generation, signed);
  return [...options, { type: 'CgaSignature', signature }];
}

export const parametersOption = (core: Core, host: Host): Option => ({
  type: 'CgaParameterDataStructure',
  parameters: core.identity.parameters(host.ulid),
});

/** RFC 5534 §5.3. */
export const keepaliveOption = ({ settings }: Core): Option[] =>
  settings.keepaliveTimeout === undefined
    ? []
    : [{ type: 'KeepaliveTimeout', timeout: settings.keepaliveTimeout }];

const preferencesOption = (generation: number, locators: readonly LocalLocator[]): Option => ({
  type: 'LocatorPreferences',
  generation,
  elementLength: 3,
  elements: locators.map(({ usable, transient, priority, weight }) => ({
    flags: (usable ? 0 : PreferenceFlag.BROKEN) | (transient ? PreferenceFlag.TRANSIENT : 0),
    priority,
    weight,
  })),
});

/** Just the Locator Preferences: all a peer needs that has the list already. */
export const preferences = ({ generation, locators }: Announcement): Option =>
  preferencesOption(generation, locators);

/** True when the preferences say no more than their absence would. */
export function indifferent({ locators }: Announcement): boolean {
  return locators.every(
    (locator) =>
      locator.usable &&
      !locator.transient &&
      locator.priority === locators[0]!.priority &&
      locator.weight === locators[0]!.weight,
  );
}
