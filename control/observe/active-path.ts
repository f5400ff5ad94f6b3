/** Which of a context's paths its packets take. */
import type { Box } from '../box.ts';

interface Paths {
  readonly active: number;
  readonly paths: readonly { readonly uplink: number }[];
}

/** The path that the data path takes now: the active one, or the other while its uplink is down. */
export function activePath(box: Box, egress: Paths): number {
  const other = egress.active === 0 ? 1 : 0;
  const isUp = (index: number) =>
    egress.paths[index] !== undefined && box.dataplane.links.isUp(egress.paths[index].uplink);
  return !isUp(egress.active) && isUp(other) ? other : egress.active;
}

/** How many established contexts send by each uplink now. */
export function contextsByUplink(box: Box): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  box.core.visitEstablished((context) => {
    const egress = box.contexts.view(context)?.egress;
    const uplink = egress?.paths[activePath(box, egress)]?.uplink;
    if (uplink !== undefined) counts.set(uplink, (counts.get(uplink) ?? 0) + 1);
  });
  return counts;
}
