/** Constants of RFC 5533 §14 under their own names, in milliseconds, and the limits that keep the core bounded. */
import { MAXIMUM_MESSAGE_LENGTH } from '../wire/shim6/index.ts';

export interface Shim6Settings {
  readonly I1_RETRIES_MAX: number;
  readonly I1_TIMEOUT: number;
  readonly NO_R1_HOLDDOWN_TIME: number;
  readonly ICMP_HOLDDOWN_TIME: number;
  readonly I2_TIMEOUT: number;
  readonly I2_RETRIES_MAX: number;
  readonly I2bis_TIMEOUT: number;
  readonly I2bis_RETRIES_MAX: number;
  readonly VALIDATOR_MIN_LIFETIME: number;
  readonly UPDATE_TIMEOUT: number;
  readonly MAX_UPDATE_TIMEOUT: number;
  /** Our Send Timeout where it is not REAP's default, seconds: peers are told (RFC 5534 §5.3). */
  readonly keepaliveTimeout: number | undefined;
  /** Contexts in any state, failed ones included; beyond it new ones are refused. */
  readonly maximumContexts: number;
  /** Contexts per host of ours that are being established, or have failed and are held down. */
  readonly maximumUnfinished: number;
  /**
   * Forked contexts per ULID pair, whoever asks for them. None unless set: who carries payload must be able to tell
   * them from the default context.
   */
  readonly maximumForks: number;
  /** Locators accepted in a peer's list, and tried of those the caller names. */
  readonly maximumLocators: number;
  /** Octets of a control message from the Next Header octet on: 1280 less every header before it. */
  readonly maximumMessage: number;
  /** Update Requests that a change of our own locators sets off per millisecond. */
  readonly updatesPerMillisecond: number;
  /** Error messages sent per second. */
  readonly errorsPerSecond: number;
  /** R1bis sent per second. */
  readonly recoveriesPerSecond: number;
}

export const DEFAULT_SETTINGS: Shim6Settings = {
  I1_RETRIES_MAX: 4,
  I1_TIMEOUT: 4_000,
  NO_R1_HOLDDOWN_TIME: 60_000,
  ICMP_HOLDDOWN_TIME: 600_000,
  I2_TIMEOUT: 4_000,
  I2_RETRIES_MAX: 2,
  I2bis_TIMEOUT: 4_000,
  I2bis_RETRIES_MAX: 2,
  VALIDATOR_MIN_LIFETIME: 30_000,
  UPDATE_TIMEOUT: 4_000,
  MAX_UPDATE_TIMEOUT: 120_000,
  keepaliveTimeout: undefined,
  maximumContexts: 65_536,
  maximumUnfinished: 1_024,
  maximumForks: 0,
  maximumLocators: 16,
  maximumMessage: MAXIMUM_MESSAGE_LENGTH,
  updatesPerMillisecond: 10,
  errorsPerSecond: 10,
  recoveriesPerSecond: 1_000,
};
