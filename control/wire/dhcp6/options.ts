/**
 * DHCPv6 options, RFC 8415 §21 and the few later ones that a server of addresses and names needs: what each holds.
 * The table of their encodings is option-rows.ts. What the table does not have, or not in that container, is kept as
 * bytes: unknown options are no error (RFC 8415 §16).
 */
import type { Name } from '../dns/name.ts';
import type { Address } from '../ipv6/address.ts';

export interface ClientIdentifier {
  readonly type: 'ClientIdentifier';
  /** 3 to 130 octets (RFC 8415 §11.1). */
  readonly duid: Uint8Array;
}

export interface ServerIdentifier {
  readonly type: 'ServerIdentifier';
  readonly duid: Uint8Array;
}

/** Identity association for non-temporary addresses. T1 and T2 in seconds. */
export interface IaNa {
  readonly type: 'IaNa';
  readonly iaid: number;
  readonly t1: number;
  readonly t2: number;
  readonly options: readonly Option[];
}

/** For temporary addresses. RFC 9915 makes it obsolete. */
export interface IaTa {
  readonly type: 'IaTa';
  readonly iaid: number;
  readonly options: readonly Option[];
}

/** For delegated prefixes. */
export interface IaPd {
  readonly type: 'IaPd';
  readonly iaid: number;
  readonly t1: number;
  readonly t2: number;
  readonly options: readonly Option[];
}

/** Lifetimes in seconds. */
export interface IaAddress {
  readonly type: 'IaAddress';
  readonly address: Address;
  readonly preferredLifetime: number;
  readonly validLifetime: number;
  readonly options: readonly Option[];
}

export interface IaPrefix {
  readonly type: 'IaPrefix';
  readonly preferredLifetime: number;
  readonly validLifetime: number;
  readonly length: number;
  readonly prefix: Address;
  readonly options: readonly Option[];
}

export interface OptionRequest {
  readonly type: 'OptionRequest';
  readonly codes: readonly number[];
}

export interface Preference {
  readonly type: 'Preference';
  readonly value: number;
}

export interface ElapsedTime {
  readonly type: 'ElapsedTime';
  /** Hundredths of a second. */
  readonly elapsed: number;
}

export interface RelayMessage {
  readonly type: 'RelayMessage';
  readonly message: Uint8Array;
}

export interface StatusCodeOption {
  readonly type: 'StatusCode';
  readonly code: number;
  /** UTF-8, for people. */
  readonly message: string;
}

export interface RapidCommit {
  readonly type: 'RapidCommit';
}

export interface InterfaceId {
  readonly type: 'InterfaceId';
  readonly identifier: Uint8Array;
}

export interface ReconfigureAccept {
  readonly type: 'ReconfigureAccept';
}

/** RFC 3646 §3. */
export interface DnsServers {
  readonly type: 'DnsServers';
  readonly addresses: readonly Address[];
}

/** RFC 3646 §4. */
export interface DomainSearchList {
  readonly type: 'DomainSearchList';
  readonly names: readonly Name[];
}

/** Seconds, RFC 8415 §21.23. */
export interface InformationRefreshTime {
  readonly type: 'InformationRefreshTime';
  readonly time: number;
}

/** RFC 4649 §3. */
export interface RemoteId {
  readonly type: 'RemoteId';
  readonly enterprise: number;
  readonly identifier: Uint8Array;
}

/** RFC 4704 §4. */
export interface ClientFqdn {
  readonly type: 'ClientFqdn';
  readonly flags: number;
  /** With a root label, whether or not it is fully qualified; the root alone: no name. */
  readonly name: Name;
  readonly qualified: boolean;
}

/** Seconds, RFC 8415 §21.24. */
export interface SolMaxRt {
  readonly type: 'SolMaxRt';
  readonly value: number;
}

/** Seconds, RFC 8415 §21.25. */
export interface InfMaxRt {
  readonly type: 'InfMaxRt';
  readonly value: number;
}

/** Not known, or not defined for the place it was found in. */
export interface UnrecognizedOption {
  readonly type: 'Unrecognized';
  readonly code: number;
  readonly contents: Uint8Array;
}

export type RecognizedOption =
  | ClientIdentifier
  | ServerIdentifier
  | IaNa
  | IaTa
  | IaPd
  | IaAddress
  | IaPrefix
  | OptionRequest
  | Preference
  | ElapsedTime
  | RelayMessage
  | StatusCodeOption
  | RapidCommit
  | InterfaceId
  | ReconfigureAccept
  | DnsServers
  | DomainSearchList
  | InformationRefreshTime
  | RemoteId
  | ClientFqdn
  | SolMaxRt
  | InfMaxRt;
export type Option = RecognizedOption | UnrecognizedOption;
export type OptionName = RecognizedOption['type'];
export type OptionOf<N extends OptionName> = Extract<RecognizedOption, { type: N }>;

/** The first option of a type; RFC 8415 §21: a second of a kind that should be single is not looked at. */
export function findOption<N extends OptionName>(
  options: readonly Option[],
  type: N,
): OptionOf<N> | undefined {
  for (const option of options) if (option.type === type) return option as OptionOf<N>;
  return undefined;
}
