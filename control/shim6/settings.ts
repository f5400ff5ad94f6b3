/** Constants of RFC 5533 §14 under their own names, in milliseconds, and the limits that keep the core bounded. */
import { MAXIMUM_MESSAGE_LENGTH } from '../wire/shim6/index.ts';

export interface Shim6Settings {
  readonly I1_RETRIES_MAX: number;
  readonly I1_TIMEOUT: number;
  readonly NO_R1_HOLDDOWN_TIME: number;
  readonly I2_TIMEOUT: number;
  readonly I2_RETRIES_MAX: number;
  readonly VALIDATOR_MIN_LIFETIME: number;
  readonly UPDATE_TIMEOUT: number;
  readonly MAX_UPDATE_TIMEOUT: number;
  /** Contexts in any state, failed ones included; beyond it new ones are refused. */
  readonly maximumContexts: number;
  /** Locators accepted in a peer's list, and tried of those the caller names. */
  readonly maximumLocators: number;
  /** Octets of a control message from the Next Header octet on: 1280 less every header before it. */
  readonly maximumMessage: number;
  /** Update Requests that a change of our own locators sets off per millisecond. */
  readonly updatesPerMillisecond: number;
  /** Error messages sent per second. */
  readonly errorsPerSecond: number;
}

export const DEFAULT_SETTINGS: Shim6Settings = {
  I1_RETRIES_MAX: 4,
  I1_TIMEOUT: 4_000,
  NO_R1_HOLDDOWN_TIME: 60_000,
  I2_TIMEOUT: 4_000,
  I2_RETRIES_MAX: 2,
  VALIDATOR_MIN_LIFETIME: 30_000,
  UPDATE_TIMEOUT: 4_000,
  MAX_UPDATE_TIMEOUT: 120_000,
  maximumContexts: 65_536,
  maximumLocators: 16,
  maximumMessage: MAXIMUM_MESSAGE_LENGTH,
  updatesPerMillisecond: 10,
  errorsPerSecond: 10,
};
