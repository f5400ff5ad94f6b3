/** IPv6 routing policy rules: struct fib_rule_hdr and FRA_ attributes (linux/fib_rules.h). */
import type { Body } from './link.ts';
import { Attributes, Fields, textAttribute, u8Attribute, u32Attribute } from './message.ts';
import { Names } from './names.ts';
import { AF_INET6, decodePrefix, type Ipv6Prefix, prefixAttributes } from './prefix.ts';

export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;
export const RTM_GETRULE = 34;

const FIB_RULE_HDR_LENGTH = 12;
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FRA_OIFNAME = 17;
const FRA_PROTOCOL = 21;
const FIB_RULE_INVERT = 2;

const ACTIONS = new Names({
  unspecified: 0,
  /** Look the destination up in `table`. */
  table: 1,
  goto: 2,
  nop: 3,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
});

export type RuleAction = ReturnType<(typeof ACTIONS)['name']>;

export interface RuleSpecification {
  /** Lower is looked at earlier; the kernel chooses when it is absent. */
  readonly priority?: number;
  readonly to?: Ipv6Prefix;
  readonly from?: Ipv6Prefix;
  /** Default 'table'; 'unreachable' and 'prohibit' answer with an ICMPv6 error, 'blackhole' is silent. */
  readonly action?: RuleAction;
  /** For action 'table'. */
  readonly table?: number | undefined;
  /** Who installed it, 1 to 255. */
  readonly protocol?: number;
  readonly inputInterface?: string | undefined;
  readonly outputInterface?: string | undefined;
  readonly mark?: { readonly value: number; readonly mask: number } | undefined;
  /** Matches where the selectors do not. */
  readonly inverted?: boolean;
}

export interface RuleInfo extends RuleSpecification {
  readonly priority: number;
  readonly to: Ipv6Prefix;
  readonly from: Ipv6Prefix;
  readonly action: RuleAction;
  readonly protocol: number;
  readonly inverted: boolean;
}

/** Undefined for IPv4. */
export function decodeRule(payload: Uint8Array): RuleInfo | undefined {
  const fixed = new Fields(payload);
  if (fixed.u8(0) !== AF_INET6) return undefined;
  const attributes = new Attributes(payload, FIB_RULE_HDR_LENGTH);
  const table = attributes.u32(FRA_TABLE) ?? fixed.u8(4);
  const mark = attributes.u32(FRA_FWMARK);
  return {
    priority: attributes.u32(FRA_PRIORITY) ?? 0,
    to: decodePrefix(attributes, FRA_DST, fixed.u8(1)),
    from: decodePrefix(attributes, FRA_SRC, fixed.u8(2)),
    action: ACTIONS.name(fixed.u8(7)),
    table: table === 0 ? undefined : table,
    protocol: attributes.u8(FRA_PROTOCOL) ?? 0,
    inputInterface: attributes.text(FRA_IIFNAME),
    outputInterface: attributes.text(FRA_OIFNAME),
    mark: mark === undefined ? undefined : { value: mark, mask: attributes.u32(FRA_FWMASK) ?? 0xffff_ffff },
    inverted: (fixed.u32(8) & FIB_RULE_INVERT) !== 0,
  };
}

export const encodeRuleDump = (): Body => ({
  fixed: Fields.ofLength(FIB_RULE_HDR_LENGTH).setU8(0, AF_INET6).bytes,
});

export function encodeRule(rule: RuleSpecification): Body {
  const { to, from, priority, table, protocol, inputInterface, outputInterface, mark } = rule;
  const fixed = Fields.ofLength(FIB_RULE_HDR_LENGTH)
    .setU8(0, AF_INET6)
    .setU8(1, to?.length ?? 0)
    .setU8(2, from?.length ?? 0)
    .setU8(7, ACTIONS.number(rule.action ?? 'table'))
    .setU32(8, rule.inverted === true ? FIB_RULE_INVERT : 0);
  return {
    fixed: fixed.bytes,
    attributes: [
      ...prefixAttributes(FRA_DST, to),
      ...prefixAttributes(FRA_SRC, from),
      ...(priority === undefined ? [] : [u32Attribute(FRA_PRIORITY, priority)]),
      ...(table === undefined ? [] : [u32Attribute(FRA_TABLE, table)]),
      ...(protocol === undefined ? [] : [u8Attribute(FRA_PROTOCOL, protocol)]),
      ...(inputInterface === undefined ? [] : [textAttribute(FRA_IIFNAME, inputInterface)]),
      ...(outputInterface === undefined ? [] : [textAttribute(FRA_OIFNAME, outputInterface)]),
      ...(mark === undefined
        ? []
        : [u32Attribute(FRA_FWMARK, mark.value), u32Attribute(FRA_FWMASK, mark.mask)]),
    ],
  };
}
