/** Numbers of DHCPv6: RFC 8415 §7.3, §7.5 and §7.6, RFC 4649, RFC 4704. RFC 9915, its successor, keeps them. */

export const MessageType = {
  Solicit: 1,
  Advertise: 2,
  Request: 3,
  Confirm: 4,
  Renew: 5,
  Rebind: 6,
  Reply: 7,
  Release: 8,
  Decline: 9,
  Reconfigure: 10,
  InformationRequest: 11,
  RelayForward: 12,
  RelayReply: 13,
} as const;

/** RFC 8415 §21.13. UseMulticast is obsolete in RFC 9915, but is what clients of before know. */
export const StatusCode = {
  Success: 0,
  UnspecFail: 1,
  NoAddrsAvail: 2,
  NoBinding: 3,
  NotOnLink: 4,
  UseMulticast: 5,
  NoPrefixAvail: 6,
} as const;

/** Flags of the Client FQDN option, RFC 4704 §4.1. */
export const FqdnFlag = {
  /** The server updates the AAAA record. */
  S: 0x01,
  /** The server overrode the client's wish for S. */
  O: 0x02,
  /** The server updates nothing. */
  N: 0x04,
} as const;

export const CLIENT_PORT = 546;
export const SERVER_PORT = 547;
/** RFC 8415 §7.6: most times that a message may be relayed. */
export const HOP_COUNT_LIMIT = 8;
/** RFC 8415 §11.1: a type of two octets, and 1 to 128 octets. */
export const DUID_LENGTH = { minimum: 3, maximum: 130 } as const;
/** A lifetime that never ends, RFC 8415 §7.7. */
export const INFINITY = 0xffffffff;
