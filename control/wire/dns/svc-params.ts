/** RDATA of SVCB and HTTPS records (RFC 9460 §2.2): priority, target, parameters. */
import { DnsDecodeError } from './decode-error.ts';
import { type Name, readName } from './name.ts';
import { read16, write16 } from './octets.ts';

const MANDATORY = 0;
const IPV4_HINT = 4;
const IPV6_HINT = 6;

/** Which hints go. */
export type HintKeys = ReadonlySet<number>;
export const ADDRESS_HINTS: HintKeys = new Set([IPV4_HINT, IPV6_HINT]);
export const IPV6_HINTS: HintKeys = new Set([IPV6_HINT]);

/** TargetName; the root stands for the owner of the record. Throws DnsDecodeError. */
export const serviceTarget = (data: Uint8Array): Name => readName(data, 2).name;

/**
 * The same RDATA without `ipv4hint` and `ipv6hint`, or those of `hints`, also where `mandatory` lists them (RFC 9460
 * §8: a listed key has to be present). Returns `data` itself if there is nothing to strip. Throws DnsDecodeError.
 */
export function stripAddressHints(data: Uint8Array, hints: HintKeys = ADDRESS_HINTS): Uint8Array {
  let offset = readName(data, 2).end;
  const kept: Uint8Array[] = [data.subarray(0, offset)];
  let stripped = false;
  while (offset < data.length) {
    const key = read16(data, offset);
    const end = offset + 4 + read16(data, offset + 2);
    if (end > data.length) throw new DnsDecodeError('rdata', offset);
    if (hints.has(key)) stripped = true;
    else
      kept.push(
        key === MANDATORY ? withoutHintKeys(data.subarray(offset, end), hints) : data.subarray(offset, end),
      );
    offset = end;
  }
  return stripped ? Uint8Array.from(kept.flatMap((part) => [...part])) : data;
}

/** A `mandatory` parameter without the hint keys; nothing if no key is left. */
function withoutHintKeys(parameter: Uint8Array, hints: HintKeys): Uint8Array {
  const keys: number[] = [];
  for (let offset = 4; offset + 1 < parameter.length; offset += 2) {
    const key = read16(parameter, offset);
    if (!hints.has(key)) keys.push(key >> 8, key & 0xff);
  }
  if (keys.length === 0) return new Uint8Array();
  const result = Uint8Array.of(0, MANDATORY, 0, 0, ...keys);
  write16(result, 2, keys.length);
  return result;
}
