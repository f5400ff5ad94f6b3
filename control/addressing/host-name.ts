/** The name a host gets: its reservation's, or the one it asks for in our domain (RFC 4704). */
import { type ClientFqdn, FqdnFlag, type Option } from '../wire/dhcp6/index.ts';
import { formatName, parseName } from '../wire/dns/name.ts';
import { equalOctets } from '../wire/octets.ts';
import type { LeaseBook, Reservation } from './leases.ts';

/** Letters, digits and hyphens (RFC 952, RFC 1123 §2.1): what may stand in a zone without escapes. */
const HOST_NAME = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Undefined: the host has no name. */
export function chooseName(
  fqdn: ClientFqdn | undefined,
  reservation: Reservation | undefined,
  duid: Uint8Array,
  domain: string | undefined,
  names: Pick<LeaseBook, 'nameHolder'>,
): string | undefined {
  if (reservation !== undefined) return reservation.name;
  if (fqdn === undefined || domain === undefined) return undefined;
  const asked = formatName(fqdn.name).toLowerCase();
  if (asked === '.') return undefined;
  // A name of one label is within our domain, qualified or not: hosts that don't know their domain send such.
  const name = asked.includes('.') ? asked : `${asked}.${domain}`;
  if (!HOST_NAME.test(name) || name.length > 253 || !name.endsWith(`.${domain}`)) return undefined;
  const holder = names.nameHolder(name);
  return holder === undefined || equalOctets(holder, duid) ? name : undefined;
}

/**
 * RFC 4704 §6: tells the client its name and that we publish it, whatever it preferred. Without a name nothing is
 * published. Nothing is said to a client that did not ask.
 */
export function fqdnOption(fqdn: ClientFqdn | undefined, name: string | undefined): Option[] {
  if (fqdn === undefined) return [];
  if (name === undefined) return [{ ...fqdn, flags: FqdnFlag.N }];
  const overridden = (fqdn.flags & FqdnFlag.S) === 0;
  const flags = FqdnFlag.S | (overridden ? FqdnFlag.O : 0);
  return [{ type: 'ClientFqdn', flags, name: parseName(name), qualified: true }];
}
