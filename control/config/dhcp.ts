/** Configuration of DHCPv6 and router advertisements. */
import { z } from 'zod';
import { DUID_LENGTH } from '../wire/dhcp6/constants.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { formatName, parseName } from '../wire/dns/name.ts';
import { address, interfaceName, prefix, subnet } from './fields.ts';

const domainName = z.string().transform((text, context) => {
  try {
    return parseName(text);
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
    context.addIssue({ code: 'custom', message: 'is not a domain name, like bar.com' });
    return z.NEVER;
  }
});
/** A lifetime or time in seconds, below the value that means for ever (RFC 8415 §7.7). */
const seconds = z.int().min(1).max(0xfffffffe);
/** RFC 8415 §21.24: others are ignored. */
const longestRetransmission = z.int().min(60).max(86_400);

const hexadecimal = (least: number, most: number, what: string) =>
  z
    .string()
    .regex(/^([0-9a-f]{2})+$/i, `${what} is pairs of hexadecimal digits`)
    .refine(
      ({ length }) => length >= 2 * least && length <= 2 * most,
      `${what} has ${least} to ${most} octets`,
    )
    .transform((digits) => Uint8Array.from(Buffer.from(digits, 'hex')));

/** Who a host of the configuration is when it asks by DHCPv6: with either of these it gets the address of its entry. */
export const dhcpClientFields = {
  duid: hexadecimal(DUID_LENGTH.minimum, DUID_LENGTH.maximum, 'a DUID').optional(),
  /** Of the relay agent's port that it is behind (RFC 4649). */
  'remote-id': z
    .strictObject({
      enterprise: z.int().min(0).max(0xffffffff),
      identifier: hexadecimal(1, 255, 'an identifier'),
    })
    .optional(),
};

const dhcpSubnet = z.strictObject({
  prefix: subnet,
  /** The inside interface that it is on; absent: only relay agents bring its clients. */
  interface: interfaceName.optional(),
  /** Where its relay agents' addresses toward the clients lie, besides the prefix itself. */
  relays: z.array(prefix).default([]),
  /** Never handed out. */
  exclude: z.array(prefix).default([]),
  /** Whether hosts reach each other without the router (the L flag of its router advertisements). */
  'on-link': z.boolean().default(true),
});

const routerAdvertisements = z.strictObject({
  /** Most seconds between unsolicited ones (RFC 4861 §6.2.1). */
  interval: z.int().min(4).max(1800).default(200),
  /** Seconds for which the box is a default router; 0: it is none; absent: three intervals. */
  lifetime: z.int().min(0).max(9000).optional(),
  radvd: z.string().min(1).default('radvd'),
});

export const dhcpSchema = z
  .strictObject({
    subnets: z.array(dhcpSubnet).min(1).max(256),
    lifetimes: z
      .strictObject({ preferred: seconds.default(43_200), valid: seconds.default(86_400) })
      .prefault({})
      .refine(({ preferred, valid }) => preferred <= valid, 'preferred must not be longer than valid'),
    /** Seconds until clients renew and rebind; half and four fifths of the preferred lifetime when absent. */
    t1: seconds.optional(),
    t2: seconds.optional(),
    /** Two messages in place of four for clients that ask for it; right where this is the only server. */
    'rapid-commit': z.boolean().default(true),
    preference: z.int().min(0).max(255).default(0),
    /** The box's own, dns.listen, when absent. */
    'dns-servers': z.array(address).max(8).optional(),
    'domain-search': z.array(domainName).max(8).default([]),
    'sol-max-rt': longestRetransmission.optional(),
    'inf-max-rt': longestRetransmission.optional(),
    'information-refresh-time': z.int().min(600).max(0xffffffff).default(86_400),
    /** The domain that clients may have names in (RFC 4704). Without it only configured and reserved hosts have names. */
    domain: domainName.transform((name) => formatName(name).toLowerCase()).optional(),
    /** Seconds for which an address that a client declined is not handed out. */
    quarantine: z.int().min(60).max(31_536_000).default(86_400),
    /** Messages a second from one client, and through one relay agent or interface. */
    rates: z
      .strictObject({
        'per-client': z.int().min(1).max(1_000_000).default(10),
        'per-relay': z.int().min(1).max(1_000_000).default(2_000),
      })
      .prefault({}),
    /** Most leases, those of clients that are gone included. */
    leases: z.int().min(1).max(4_194_304).default(65_536),
    /** Most addresses offered and not yet taken, and for how many seconds. */
    offers: z.int().min(1).max(1_048_576).default(4_096),
    'offer-patience': z.int().min(1).max(3600).default(60),
    /** By radvd, which the box runs; absent: others advertise. */
    'router-advertisements': routerAdvertisements.optional(),
  })
  .refine(({ t1, t2 }) => t1 === undefined || t2 === undefined || t1 <= t2, 't1 must not be more than t2');
