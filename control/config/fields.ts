/** Kinds of value that many keys have. */
import { z } from 'zod';
import { AddressError, parseAddress } from '../wire/ipv6/address.ts';
import { parsePrefix } from '../wire/ipv6/prefix.ts';

/** A zod transform that turns AddressError into an issue at the value's own place. */
function parsed<T>(parse: (text: string) => T) {
  return z.string().transform((text, context) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });
}

export const address = parsed(parseAddress);
export const prefix = parsed(parsePrefix);
export const port = z.int().min(1).max(65535);
