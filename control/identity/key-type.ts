/** The kinds of keys a CGA may be bound to. RSA is what RFC 3972 and RFC 5533 ask for; the others are an option. */

export const KEY_TYPES = ['rsa', 'p256', 'ed25519'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

/** Shorter RSA keys are refused, RFC 5533 §16. */
export const MINIMUM_RSA_BITS = 1024;
/** Longer ones as well, and long exponents: a stranger's key must not buy an expensive verification. */
export const MAXIMUM_RSA_BITS = 8192;
export const MAXIMUM_RSA_EXPONENT = 2n ** 64n - 1n;
