/** CGA Parameters and what verification makes of them, RFC 3972 §3 and §5, RFC 5535 §7. */
import assert from 'node:assert/strict';
import { verifyCga } from '../../../control/identity/cga.ts';
import { decodeCgaParameters, encodeCgaParameters } from '../../../control/wire/cga/parameters.ts';
import { VerificationMethod } from '../../../control/wire/shim6/index.ts';
import { siteA } from '../../shim6/sites.ts';
import { exampleAddress, exampleParameters } from '../example-cga.ts';
import { join } from '../mutate.ts';
import { hold, type Target } from '../target.ts';
import { refused } from './shim6.ts';

const ADDRESS = 16;

export const target: Target = {
  invariant: 'parameters or a DecodeError, encoded again to the same octets; verification gives an answer',
  maximumLength: 1024,
  dictionary: [
    Uint8Array.of(0x30, 0x82),
    Uint8Array.of(0x30, 0x81),
    Uint8Array.of(0x30, 0x80),
    // rsaEncryption, and the types of the multi-prefix extension and of an experimental one.
    Uint8Array.of(0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00),
    Uint8Array.of(0x00, 0x12, 0x00, 0x0c),
    Uint8Array.of(0xff, 0xfd, 0x00, 0x02),
  ],
  // An address, then the parameters that are to prove it.
  seeds: () => [
    join(exampleAddress, exampleParameters),
    join(exampleAddress, exampleParameters, Uint8Array.of(0xff, 0xfd, 0, 2, 1, 2)),
    join(exampleAddress, exampleParameters, Uint8Array.of(0, 0x12, 0, 20, ...new Uint8Array(20).fill(0x20))),
  ],
  run(input) {
    const ulid = new Uint8Array(ADDRESS);
    ulid.set(input.subarray(0, ADDRESS));
    const octets = input.slice(ADDRESS);
    const parameters = refused(() => decodeCgaParameters(octets));
    if (parameters !== undefined && parameters.collisionCount <= 2)
      assert.deepEqual(encodeCgaParameters(parameters), octets);
    verifyCga(ulid, octets);
    siteA.identity.verifyParameters(ulid, octets);
    const signature = new Uint8Array(128);
    const claim = { ulid, parameters: octets, generation: 1, locators: [ulid], signature };
    hold(!siteA.identity.verify(claim).valid, 'a claim holds whose signature is zeros');
    for (const method of [VerificationMethod.HBA, VerificationMethod.CGA, 0])
      siteA.identity.verify({ ...claim, methods: [method] });
  },
};
