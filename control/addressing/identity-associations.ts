/** Options for identity associations: addresses with their lifetimes, or the reason why there are none. */
import type { IaNa, Option } from '../wire/dhcp6/index.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { status } from './reply.ts';
import type { ClientRequest } from './request.ts';
import type { DhcpSettings } from './settings.ts';

/** RFC 8415 §21.4 recommends 0.5 and 0.8 of the shortest preferred lifetime. */
const T1_PART = 0.5;
const T2_PART = 0.8;

/** T1 and T2 in seconds, the same for every IA of an answer. */
export function renewalTimes({ lifetimes, t1, t2 }: DhcpSettings): { t1: number; t2: number } {
  return {
    t1: t1 ?? Math.floor(lifetimes.preferred * T1_PART),
    t2: t2 ?? Math.floor(lifetimes.preferred * T2_PART),
  };
}

export const iaAddress = (address: Address, preferredLifetime: number, validLifetime: number): Option => ({
  type: 'IaAddress',
  address,
  preferredLifetime,
  validLifetime,
  options: [],
});

/** Tells the client that it must not use the address any more (RFC 8415 §18.3.4). */
export const withdrawn = (address: Address): Option => iaAddress(address, 0, 0);

export const iaWithStatus = (iaid: number, code: 'NoAddrsAvail' | 'NoBinding' | 'NotOnLink'): Option => ({
  type: 'IaNa',
  iaid,
  t1: 0,
  t2: 0,
  options: [status(code)],
});

export const addressesOf = (ia: IaNa): Address[] =>
  ia.options.flatMap((option) => (option.type === 'IaAddress' ? [option.address] : []));

/** We assign neither temporary addresses nor prefixes, and say so in each IA that asks for them (§18.3.2, §18.3.9). */
export function refusedAssociations(request: ClientRequest, bindingsAsked: boolean): Option[] {
  if (request.temporary.length + request.prefixes.length === 0) return [];
  return [
    ...request.temporary.map(
      ({ iaid }): Option => ({
        type: 'IaTa',
        iaid,
        options: [status(bindingsAsked ? 'NoBinding' : 'NoAddrsAvail')],
      }),
    ),
    ...request.prefixes.map(
      ({ iaid }): Option => ({
        type: 'IaPd',
        iaid,
        t1: 0,
        t2: 0,
        options: [status(bindingsAsked ? 'NoBinding' : 'NoPrefixAvail')],
      }),
    ),
  ];
}
