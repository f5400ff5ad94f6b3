/** An event as a line for people. */
import type { BoxEvent, PathReport } from '../observe/account/events.ts';
import { duration } from './duration.ts';

export function eventLine(event: BoxEvent): string {
  return `${event.at}  ${words(event)}`;
}

function words(event: BoxEvent): string {
  switch (event.kind) {
    case 'uplink':
      return `uplink ${event.uplink} is ${event.state}: ${event.because}`;
    case 'outage': {
      const contexts = event.contexts === null ? '' : `, ${event.contexts} contexts`;
      const after = event.phase === 'began' ? '' : ` after ${duration(event.milliseconds)}`;
      return `outage ${event.outage} of ${event.subject}: ${event.phase}${after}${contexts}`;
    }
    case 'switched':
      return `${event.local} to ${event.peer}: ${pair(event.from)} -> ${pair(event.to)}: ${event.because}`;
    case 'failed':
      return `${event.local} to ${event.peer}: no context: ${event.because}`;
    case 'established':
    case 'removed':
      return `${event.local} to ${event.peer}: context ${event.kind}`;
    case 'more':
      return `and ${event.count} more of ${event.of} in that second`;
  }
}

export const pair = (path: PathReport | null): string =>
  path === null ? 'no pair' : `${path.source} > ${path.destination} by ${path.uplink}`;
