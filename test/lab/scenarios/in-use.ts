/** Which uplink carries what one host sends to another. */
import { contextBetween } from '../box.ts';
import { hostIn } from '../state.ts';

export async function uplinkInUse(local = 'h1', peer = 'h2'): Promise<string | undefined> {
  const context = await contextBetween(hostIn(local), hostIn(peer));
  return context?.paths[context.active ?? 0]?.uplink;
}
