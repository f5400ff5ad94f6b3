/** The DNS ALG's part of the configuration; docs/dns.md says more. */
import { z } from 'zod';
import { address, port } from './fields.ts';

/** An address alone stands for `{ address }`. */
const resolver = z.preprocess(
  (value) => (typeof value === 'string' ? { address: value } : value),
  z
    .strictObject({
      address,
      /** 53, and 853 with tls. */
      port: port.optional(),
      /** DNS over TLS (RFC 7858), and nothing else. */
      tls: z
        .strictObject({
          /** That its certificate must be for. */
          name: z.string().min(1).max(255),
          /** PEM file of the authorities trusted; the system's when absent. */
          authorities: z.string().min(1).optional(),
        })
        .optional(),
    })
    .transform(({ port, ...rest }) => ({ ...rest, port: port ?? (rest.tls === undefined ? 53 : 853) })),
);

export const dnsSchema = z.strictObject({
  listen: z.array(address).min(1),
  port: port.default(53),
  /** The preferred first; an address, or address, port and tls. */
  resolvers: z.array(resolver).min(1).max(8),
  /** Private-use RR type of the ULID record (RFC 6895 §3.1). */
  'ulid-type': z.int().min(65280).max(65534).default(65280),
  /** What hosts are told of the IPv4 addresses of a name with a ULID: nothing, or everything. */
  ipv4: z.enum(['hide', 'keep']).default('hide'),
  /** Answers kept for as long as their TTLs say, at most 4 KiB each; 0: none. */
  cache: z.int().min(0).max(1_000_000).default(16_384),
  /** Handshakes begun when a host is told a ULID, before its first packet. */
  'early-contexts': z
    .strictObject({
      enabled: z.boolean().default(true),
      /** A second; four times as many at once. */
      'per-host': z.int().min(1).max(10_000).default(20),
      total: z.int().min(1).max(100_000).default(500),
      /** Milliseconds that an answer waits at most for the handshake that it has begun; 0: not at all. */
      wait: z.int().min(0).max(1000).default(20),
      /** Seconds after which one that carried nothing is discarded. */
      unused: z.int().min(5).max(86_400).default(120),
    })
    .prefault({}),
});

export type DnsConfig = z.output<typeof dnsSchema>;
