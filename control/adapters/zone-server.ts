/** A zone's primary server, which takes signed updates (RFC 2136, RFC 8945). */
import type { Claim, NameRecords, PublicationSettings } from '../naming/publication.ts';
import { updateOf } from '../naming/publication.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { rcodeOf, readHeader } from '../wire/dns/header.ts';
import type { Name } from '../wire/dns/name.ts';
import { signMessage, type TsigKey, verifyAnswer } from '../wire/dns/tsig.ts';
import {
  encodeUpdateRequest,
  type ResourceRecord,
  UPDATE_RCODE,
  type UpdateRequest,
} from '../wire/dns/update.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { ExchangeError, exchange } from './dns-exchange.ts';

export interface ZoneServerOptions {
  readonly zone: Name;
  readonly server: Address;
  readonly port: number;
  readonly key: TsigKey;
  readonly settings: PublicationSettings;
  readonly random: (length: number) => Uint8Array;
}

/**
 * - `done`: the server has the records, or the withdrawal, on its books.
 * - `taken`: the name is somebody else's; nothing was changed.
 */
export type UpdateOutcome = 'done' | 'taken';

/** The update was refused, or its answer is not to be believed; it is worth trying again later. */
export class UpdateError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'UpdateError';
  }
}

const RCODE_NAMES = new Map(Object.entries(UPDATE_RCODE).map(([name, number]) => [number as number, name]));
/** RFC 8945 §3. */
const TSIG_ERRORS = new Map([
  [16, 'BADSIG: the secrets differ'],
  [17, 'BADKEY: it does not know the key, or not with this algorithm'],
  [18, 'BADTIME: the clocks differ'],
  [22, 'BADTRUNC'],
]);

export class ZoneServer {
  readonly #options: ZoneServerOptions;

  constructor(options: ZoneServerOptions) {
    this.#options = options;
  }

  /** Makes a name's records `wanted` where they were `published`. Rejects with UpdateError. */
  async publish(
    name: Pick<NameRecords, 'zone' | 'name'>,
    published: readonly ResourceRecord[],
    wanted: readonly ResourceRecord[],
  ): Promise<UpdateOutcome> {
    const { settings } = this.#options;
    const isKnown = published.some(({ type }) => type === settings.ulidType);
    // What an interrupted run did, or the operator by hand, may be there already.
    const claims: readonly Claim[] = isKnown ? ['known', 'same-ulid', 'unused'] : ['unused', 'same-ulid'];
    const isWithdrawal = wanted.length === 0;
    for (const claim of isWithdrawal ? claims.slice(0, 1) : claims) {
      const rcode = await this.#send(updateOf(name, published, wanted, claim, settings));
      if (rcode === UPDATE_RCODE.NOERROR) return 'done';
      if (rcode !== UPDATE_RCODE.YXDOMAIN && rcode !== UPDATE_RCODE.NXRRSET)
        throw new UpdateError(`refused: ${RCODE_NAMES.get(rcode) ?? `RCODE ${rcode}`}`);
    }
    // What is to be withdrawn and is not there is withdrawn.
    return isWithdrawal ? 'done' : 'taken';
  }

  async #send(update: UpdateRequest): Promise<number> {
    const { server, port, key, random } = this.#options;
    const [high, low] = random(2);
    const id = (high! << 8) | low!;
    const seconds = () => Math.floor(Date.now() / 1000);
    const { message, mac } = signMessage(encodeUpdateRequest(id, update), key, seconds());
    try {
      const answer = await exchange(server, port, message);
      const header = readHeader(answer);
      if (header.id !== id) throw new UpdateError('the answer is to another question');
      const failure = verifyAnswer(answer, key, mac, seconds());
      if (failure === undefined) return rcodeOf(header);
      const rcode = RCODE_NAMES.get(rcodeOf(header)) ?? rcodeOf(header);
      if (typeof failure === 'object')
        throw new UpdateError(
          `refused: ${rcode}, ${TSIG_ERRORS.get(failure.error) ?? `TSIG error ${failure.error}`}`,
        );
      throw new UpdateError(`the answer (${rcode}) is not believed: ${failure}`);
    } catch (error) {
      if (error instanceof DnsDecodeError)
        throw new UpdateError(`the answer cannot be read: ${error.message}`);
      if (error instanceof ExchangeError) throw new UpdateError(error.message);
      throw error;
    }
  }
}
