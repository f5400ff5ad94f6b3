/** Domain names in DHCPv6: DNS wire form without compression (RFC 8415 §10). */
import { MAXIMUM_NAME_LENGTH, type Name } from '../dns/name.ts';
import type { Reader } from '../octets.ts';

const MAXIMUM_LABEL_LENGTH = 63;

/**
 * The name at the reader's position. Where `partial` is true the bytes may end before the root label: a name that is
 * not fully qualified (RFC 4704 §4.2); the result has a root label either way. Throws DecodeError.
 */
export function readWireName(reader: Reader, partial = false): { name: Name; qualified: boolean } {
  const start = reader.position;
  let qualified = false;
  while (!qualified && !(partial && reader.remaining === 0)) {
    const at = reader.position;
    const length = reader.u8();
    if (length > MAXIMUM_LABEL_LENGTH) reader.fail('value', `a label of type or length ${length}`, at);
    reader.skip(length);
    qualified = length === 0;
  }
  const length = reader.position - start;
  const name = new Uint8Array(qualified ? length : length + 1);
  if (name.length > MAXIMUM_NAME_LENGTH) reader.fail('length', `a name of ${name.length} octets`, start);
  name.set(reader.bytes.subarray(start, reader.position));
  return { name, qualified };
}
