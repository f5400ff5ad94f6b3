/** Whether an answer is to be changed, and into what: the table of docs/dns.md from the answer's side. */
import { type Name, nameKey } from '../wire/dns/name.ts';
import type { Address } from '../wire/ipv6/address.ts';
import { addressesIn, isLocator } from './addresses.ts';
import { type Answer, succeeded } from './answer.ts';
import type { AnswerableQuery } from './classify.ts';
import { answerAny, answerNoData, answerService, answerUlids } from './rewrite.ts';
import type { Services } from './services.ts';
import type { Transaction } from './transaction.ts';
import { isAuthentic, tellable, type Ulids } from './ulids.ts';

export interface Rewritten {
  readonly message: Uint8Array;
  /** ULIDs that the client is told in place of locators. */
  readonly told: Ulids | undefined;
}

export class Rewriter {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The CMULA of a host of the site. */
  own(name: Name): Ulids | undefined {
    const ulid = this.#services.ownHost(nameKey(name));
    if (ulid === undefined) return undefined;
    const ttl = this.#services.settings.ownTtl;
    return {
      ulids: [ulid],
      name,
      ttl,
      aliasTtl: Number.POSITIVE_INFINITY,
      secure: false,
      answer: undefined,
    };
  }

  locatorsIn(main: Answer): readonly Address[] {
    return addressesIn(main.message, main.records, this.#services.settings.maxAddressesPerName, isLocator);
  }

  /** Undefined if the resolver's answer is to be passed. `published`: of the name asked for. Throws DnsDecodeError. */
  rewrite(transaction: Transaction, main: Answer, published: Ulids | 'none'): Rewritten | undefined {
    if (!succeeded(main)) return undefined;
    const { query, transport } = transaction;
    const to = { query: query as AnswerableQuery, transport };
    const { hideIpv4 } = this.#services.settings;
    const ulids = this.#usable(transaction, main, published);
    if (query.treatment === 'service') {
      const message = answerService(to, main, { hasUlids: ulids !== 'none', hideIpv4 });
      return message && { message, told: undefined };
    }
    if (ulids === 'none') return undefined;
    switch (query.treatment) {
      case 'locators':
        return { message: answerUlids(to, main, ulids), told: ulids };
      case 'ipv4':
        return { message: answerNoData(to, main, ulids), told: undefined };
      case 'any':
        return { message: answerAny(to, main, ulids), told: undefined };
      case 'pass':
        return undefined;
    }
  }

  /** The ULIDs of the name that `main` is about. */
  #usable({ query }: Transaction, main: Answer, published: Ulids | 'none'): Ulids | 'none' {
    const { counters, settings } = this.#services;
    // Aliases that lead to a host of the site.
    const own = main.aliases.length > 0 ? this.own(main.name) : undefined;
    if (own !== undefined) return own;
    if (published === 'none') return 'none';
    // ANY of an alias is answered with the alias itself.
    if (query.treatment === 'any') return Number.isFinite(published.aliasTtl) ? 'none' : published;
    if (main.records.length > 0) {
      if (nameKey(main.name) !== nameKey(published.name)) {
        counters.chainMismatched++;
        return 'none';
      }
      if (isAuthentic(main) && !published.secure && published.answer !== undefined) {
        counters.ulidInsecure++;
        return 'none';
      }
    } else if (query.treatment !== 'locators') return 'none';
    return tellable(published, query.treatment === 'locators' ? this.locatorsIn(main) : [], settings);
  }
}
