/** The key and the CGA Parameters of RFC 3972, Appendix A. */
import { parseAddress } from '../../control/wire/ipv6/address.ts';
import { hex } from '../wire/shim6/hex.ts';

export const exampleKey = hex(`
  305c 300d 0609 2a86 4886 f70d 0101 0105 0003 4b00 3048 0241
  00c2 c2f1 3730 5454 f10b d9ce a368 44b5 30e9 211a 4b26 2b16
  467c b7df ba1f 595c 0194 f275 be5a 4d38 6f2c 3c23 8250 8773
  c786 7f9b 3b9e 63a0 9c7b c48f 7a54 ebef af02 0301 0001`);

export const exampleAddress = parseAddress('fe80::3c4a:5bf6:ffb4:ca6c');

export const exampleParameters = Uint8Array.from([
  ...hex('89a8 a8b2 e858 d8b8 f263 3f44 d2d4 ce9b fe80 0000 0000 0000 00'),
  ...exampleKey,
]);
