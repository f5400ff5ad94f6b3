/**
 * Which provider carries a host's packets to a peer without SHIM6. The address pair's hash names a bucket, and every
 * bucket lists the uplinks in the order in which they are tried: by priority, and among equals by weighted rendezvous
 * (each bucket scores each uplink on its own). So an uplink that goes, comes, or changes its weight moves only the
 * pairs that it carries or is to carry: the others keep their provider and their connections.
 */
export interface NatUplink {
  /** In the data path's uplink table. */
  readonly index: number;
  /** Distinguishes it in scores, whatever its index. */
  readonly name: string;
  /** Lower is preferred. */
  readonly priority: number;
  /** Share of the pairs among uplinks of one priority, 0..255; of several, 0 gets what others leave. */
  readonly weight: number;
}

/** For each bucket the indices of the best uplinks, the first first; at most `most` of them. */
export function natChoices(
  uplinks: readonly NatUplink[],
  buckets: number,
  most: number,
): readonly (readonly number[])[] {
  return Array.from({ length: buckets }, (_, bucket) => {
    const scored = uplinks.map((uplink) => ({ ...uplink, score: score(uplink, bucket) }));
    scored.sort((first, second) => first.priority - second.priority || second.score - first.score);
    return scored.slice(0, most).map(({ index }) => index);
  });
}

/** An exponential variate of rate `weight`, negated: the greatest is `uplink`'s with a chance in proportion to it. */
function score({ name, weight }: NatUplink, bucket: number): number {
  return Math.log(uniform(`${name} ${bucket}`)) / Math.max(weight, 1e-6);
}

/** FNV-1a with a final mix, as a number between 0 and 1, both excluded. */
function uniform(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 2 ** 32;
}
