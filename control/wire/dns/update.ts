/** UPDATE messages, RFC 2136 §2: prerequisites, then what is to become of record sets, all of it or nothing. */
import { CLASS_IN } from './constants.ts';
import type { Name } from './name.ts';
import { MessageWriter } from './writer.ts';

const OPCODE_UPDATE = 5 << 11;
const TYPE_SOA = 6;
const TYPE_ANY = 255;
const CLASS_NONE = 254;
const CLASS_ANY = 255;

/** RFC 2136 §2.2. */
export const UPDATE_RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
} as const;

export interface ResourceRecord {
  readonly name: Name;
  readonly type: number;
  /** RDATA, names in it not compressed. */
  readonly data: Uint8Array;
}

export type Prerequisite =
  /** RFC 2136 §2.4.5. */
  | { readonly kind: 'name-not-in-use'; readonly name: Name }
  /** RFC 2136 §2.4.2: the set of the record's type is this record and no other. */
  | { readonly kind: 'set-is'; readonly record: ResourceRecord }
  /** RFC 2136 §2.4.3. */
  | { readonly kind: 'no-set'; readonly name: Name; readonly type: number };

export type UpdateStep =
  /** RFC 2136 §2.5.2. */
  | { readonly kind: 'delete-set'; readonly name: Name; readonly type: number }
  /** RFC 2136 §2.5.4. */
  | { readonly kind: 'delete'; readonly record: ResourceRecord }
  /** RFC 2136 §2.5.1. */
  | { readonly kind: 'add'; readonly record: ResourceRecord; readonly ttl: number };

export interface UpdateRequest {
  readonly zone: Name;
  readonly prerequisites: readonly Prerequisite[];
  readonly steps: readonly UpdateStep[];
}

export function encodeUpdateRequest(id: number, { zone, prerequisites, steps }: UpdateRequest): Uint8Array {
  const writer = new MessageWriter(id, OPCODE_UPDATE);
  writer.question({ name: zone, type: TYPE_SOA, class: CLASS_IN });
  for (const prerequisite of prerequisites) writer.record(prerequisiteRecord(prerequisite));
  for (const step of steps) writer.record(stepRecord(step));
  return writer.finish();
}

function prerequisiteRecord(prerequisite: Prerequisite) {
  const common = { section: 'answer', ttl: 0 } as const;
  switch (prerequisite.kind) {
    case 'name-not-in-use':
      return { ...common, name: prerequisite.name, type: TYPE_ANY, class: CLASS_NONE, data: [] };
    case 'no-set':
      return { ...common, name: prerequisite.name, type: prerequisite.type, class: CLASS_NONE, data: [] };
    case 'set-is': {
      const { name, type, data } = prerequisite.record;
      return { ...common, name, type, class: CLASS_IN, data: [data] };
    }
  }
}

function stepRecord(step: UpdateStep) {
  const section = 'authority' as const;
  switch (step.kind) {
    case 'delete-set':
      return { section, name: step.name, type: step.type, class: CLASS_ANY, ttl: 0, data: [] };
    case 'delete': {
      const { name, type, data } = step.record;
      return { section, name, type, class: CLASS_NONE, ttl: 0, data: [data] };
    }
    case 'add': {
      const { name, type, data } = step.record;
      return { section, name, type, class: CLASS_IN, ttl: step.ttl, data: [data] };
    }
  }
}
