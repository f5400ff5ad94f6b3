/** Numbers of the DNS parameters registry that this program has to know. */

export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  AAAA: 28,
  DNAME: 39,
  OPT: 41,
  SVCB: 64,
  HTTPS: 65,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const;

export const CLASS_IN = 1;

/** The 16 bits after the ID (RFC 1035 §4.1.1, RFC 4035 §3). */
export const FLAG = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
} as const;
export const OPCODE_MASK = 0x7800;
export const RCODE_MASK = 0x000f;

export const RCODE = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

/** Octets an answer may have over UDP when the client sent no OPT (RFC 1035 §4.2.1). */
export const UDP_SIZE_WITHOUT_EDNS = 512;
/** What we offer: fits every IPv6 path unfragmented. */
export const UDP_SIZE_OFFERED = 1232;
export const MAX_MESSAGE_LENGTH = 65535;
