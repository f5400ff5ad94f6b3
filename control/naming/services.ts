/** What the parts of the DNS ALG share. */
import type { Address } from '../wire/ipv6/address.ts';
import type { DnsCounters } from './counters.ts';
import type { DnsEffect } from './effect.ts';
import type { LocatorCache } from './locator-cache.ts';
import type { Task } from './lookup.ts';
import type { Lookups } from './lookups.ts';
import type { DnsAlgSettings } from './settings.ts';

export interface Services {
  readonly settings: DnsAlgSettings;
  readonly counters: DnsCounters;
  readonly lookups: Lookups;
  readonly locators: LocatorCache;
  /** The CMULA of a host of the site by the `nameKey` of its name. Asked each time: hosts come and go. */
  readonly ownHost: (key: string) => Address | undefined;
  emit(effect: DnsEffect): void;
  /** Wakes the task at its deadline, or when one of its lookups is to be sent again. */
  arm(task: Task): void;
  disarm(task: Task): void;
}
