/** What a configuration file may say of the zones that the site's hosts are published in. */
import { z } from 'zod';
import { isDomainName } from '../wire/dns/name.ts';
import { TSIG_ALGORITHMS } from '../wire/dns/tsig.ts';
import { address } from './fields.ts';

const domainName = z.string().refine(isDomainName, 'is not a domain name');

/** Zones that the box keeps up to date with its hosts' names, by signed updates; docs/site.md. */
export const publicationSchema = z.strictObject({
  /** Seconds: of every record, and what a replaced provider's prefix is kept for. */
  ttl: z.int().min(1).max(604_800).default(300),
  keys: z
    .array(
      z.strictObject({
        name: domainName,
        algorithm: z.enum(TSIG_ALGORITHMS).default('hmac-sha256'),
        /** Holds the secret in Base64; owner-readable only. */
        'secret-file': z.string().min(1),
      }),
    )
    .min(1),
  zones: z
    .array(
      z.strictObject({
        /** A forward zone, or a reverse one below ip6.arpa: PTR records of CMULAs, and of locators, where it has them. */
        zone: domainName,
        /** The zone's primary server. */
        server: address,
        port: z.int().min(1).max(65535).default(53),
        /** Name of one of `keys`. */
        key: z.string().min(1),
      }),
    )
    .min(1),
});
