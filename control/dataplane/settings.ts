/** Writing struct settings: what the XDP programs must know of the site. See bpf/layout.h. */
import type { Prefix } from '../wire/ipv6/prefix.ts';
import {
  EventKind,
  Prefix as PrefixLayout,
  PuntLimit,
  Settings,
  SettingsFlags,
  SettingsLimits,
} from './layout.generated.ts';

/** Frames a second that may be handed to the controller, per kind of event. */
export interface PuntRates {
  readonly total: number;
  readonly perSource: number;
}

/** How a 64-bit hash becomes a slot: its first by `shift`, the following ones by `mask`. */
export interface TableShape {
  readonly shift: number;
  readonly mask: number;
}

export interface DataplaneSettings {
  readonly strictSource: boolean;
  readonly clampMss: boolean;
  /** The site's own CMULA prefixes, at most 8. */
  readonly sitePrefixes: readonly Prefix[];
  /** Destinations that are ULIDs, at most 4. */
  readonly ulidPrefixes: readonly Prefix[];
  readonly punts: PuntRates;
  readonly egress: TableShape;
  readonly ingress: TableShape;
  /** HASH_WORDS random odd words. */
  readonly hashKey: BigUint64Array;
}

const NANOSECONDS = 1_000_000_000;
const FORK_WISHES: PuntRates = { total: 1_000, perSource: 20 };
/** Packet Too Big to one address: as many a second as other errors of the box (adapters/error-sender.ts). */
const ERRORS_PER_DESTINATION = 100;
/** Punts that may come at once before the rate holds, as a share of a second. */
const BURST_SECONDS = 0.1;

export function writeSettings(memory: Uint8Array, settings: DataplaneSettings): void {
  const view = new DataView(memory.buffer, memory.byteOffset, Settings.size);
  const word = (offset: number, value: number) => view.setUint32(offset, value, true);
  const strictSource = settings.strictSource ? SettingsFlags.SETTING_STRICT_SOURCE : 0;
  word(Settings.flags, strictSource | (settings.clampMss ? SettingsFlags.SETTING_CLAMP_MSS : 0));
  word(Settings.egressMask, settings.egress.mask);
  word(Settings.egressShift, settings.egress.shift);
  word(Settings.ingressMask, settings.ingress.mask);
  word(Settings.ingressShift, settings.ingress.shift);
  for (const [index, key] of settings.hashKey.entries())
    view.setBigUint64(Settings.hashKey + index * 8, key, true);
  writePrefixes(memory, Settings.sitePrefix, settings.sitePrefixes, SettingsLimits.MAX_SITE_PREFIXES);
  word(Settings.sitePrefixes, settings.sitePrefixes.length);
  writePrefixes(memory, Settings.ulidPrefix, settings.ulidPrefixes, SettingsLimits.MAX_ULID_PREFIXES);
  word(Settings.ulidPrefixes, settings.ulidPrefixes.length);
  const { mask, bits } = commonBits(settings.ulidPrefixes);
  view.setUint32(Settings.ulidMask, mask);
  view.setUint32(Settings.ulidBits, bits);
  for (let kind = 0; kind < EventKind.EVENT_KINDS; kind++) {
    const offset = Settings.puntLimit + kind * PuntLimit.size;
    const { total, perSource } = puntRates(kind, settings.punts);
    writeRate(view, offset + PuntLimit.interval, offset + PuntLimit.burst, total);
    writeRate(view, offset + PuntLimit.sourceInterval, offset + PuntLimit.sourceBurst, perSource);
  }
}

function puntRates(kind: number, { total, perSource }: PuntRates): PuntRates {
  switch (kind) {
    // Of these a host has as many as it has data; there is no other way for them.
    case EventKind.EVENT_FRAGMENT:
      return { total, perSource: total };
    // Whether the data path answers or the controller.
    case EventKind.EVENT_TOO_BIG:
    case EventKind.EVENT_OUTSIDE_TOO_BIG:
      return { total, perSource: Math.min(perSource, ERRORS_PER_DESTINATION) };
    // Every packet says so until the fork is there, and goes on.
    case EventKind.EVENT_FORK:
      return {
        total: Math.min(total, FORK_WISHES.total),
        perSource: Math.min(perSource, FORK_WISHES.perSource),
      };
    default:
      return { total, perSource };
  }
}

/** Which of their first 32 bits all prefixes share, and those bits; both big-endian. */
export function commonBits(prefixes: readonly Prefix[]): { readonly mask: number; readonly bits: number } {
  const words = prefixes.map(({ address }) => new DataView(address.buffer, address.byteOffset).getUint32(0));
  const first = words[0] ?? 0;
  const lengths = prefixes.map(({ length }) => length);
  const agreeing = words.map((word) => Math.clz32(word ^ first));
  const length = prefixes.length === 0 ? 0 : Math.min(32, ...lengths, ...agreeing);
  const mask = length === 0 ? 0 : -(2 ** (32 - length)) >>> 0;
  return { mask, bits: (first & mask) >>> 0 };
}

/** Frames that come in at this interface pass while a context's queue drains; 0: none. */
export function setInjection(memory: Uint8Array, ifindex: number): void {
  new DataView(memory.buffer, memory.byteOffset, Settings.size).setUint32(
    Settings.injectionIfindex,
    ifindex,
    true,
  );
}

function writePrefixes(memory: Uint8Array, offset: number, prefixes: readonly Prefix[], most: number): void {
  if (prefixes.length > most) throw new RangeError(`${prefixes.length} prefixes where ${most} fit`);
  const view = new DataView(memory.buffer, memory.byteOffset, Settings.size);
  for (const [index, prefix] of prefixes.entries()) {
    const start = offset + index * PrefixLayout.size;
    memory.set(prefix.address, start + PrefixLayout.address);
    view.setUint32(start + PrefixLayout.length, prefix.length, true);
  }
}

function writeRate(view: DataView, intervalOffset: number, burstOffset: number, perSecond: number): void {
  const interval = Math.max(1, Math.round(NANOSECONDS / perSecond));
  const burst = Math.max(interval, Math.round(NANOSECONDS * BURST_SECONDS));
  view.setBigUint64(intervalOffset, BigInt(interval), true);
  view.setBigUint64(burstOffset, BigInt(burst), true);
}
