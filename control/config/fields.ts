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
export const subnet = prefix.refine((value) => value.length === 64, 'a subnet is a /64');
export const interfaceName = z
  .string()
  .regex(/^[^\s/]{1,15}$/, 'an interface name has 1 to 15 characters, no blank, no "/"');
