/** pshim6 contexts show, events and outages: what happened, and why things are as they are. */
import type { Command } from 'commander';
import { askDaemon, ControlError, followDaemon } from '../api/client.ts';
import type { ContextDetailReport, ContextReport } from '../api/protocol.ts';
import type { BoxEvent } from '../observe/account/events.ts';
import type { OutageReport } from '../observe/account/outage-book.ts';
import { contextDetails } from './context-report.ts';
import { eventLine } from './event-line.ts';
import { outages } from './outages-report.ts';
import { reports } from './reports.ts';

/** Adds the commands; `contexts` is there already. */
export function registerAccountCommands(program: Command): void {
  const socket = () => program.opts<{ socket: string }>().socket;
  const contexts = program.commands.find((command) => command.name() === 'contexts')!;
  // Both know --json, and `contexts` takes it where it comes first.
  const wantsJson = (command: Command) => command.optsWithGlobals<{ json?: boolean }>().json === true;
  contexts
    .command('list')
    .description('as `contexts` alone')
    .option('--json', 'print JSON')
    .action(async (_options: object, command: Command) => {
      const report = (await askDaemon(socket(), 'contexts')) as readonly ContextReport[];
      console.log(wantsJson(command) ? JSON.stringify(report, null, 2) : reports.contexts(report));
    });
  contexts
    .command('show')
    .description('one context: the locator pair in use, why, since when, and what it used before')
    .argument('<ulid>', 'of a host of this site, or its name')
    .argument('<peer>', "the peer's ULID")
    .option('--json', 'print JSON')
    .action(async (local: string, peer: string, _options: object, command: Command) => {
      const report = (await askDaemon(socket(), 'context', {
        local,
        peer,
      })) as readonly ContextDetailReport[];
      console.log(wantsJson(command) ? JSON.stringify(report, null, 2) : contextDetails(report));
    });

  program
    .command('events')
    .description('what happened to uplinks and contexts; the last thousand')
    .option('--follow', 'and what happens, until interrupted')
    .option('--contexts', 'with --follow: contexts that come and go, too')
    .option('--json', 'print a JSON object a line')
    .action(async (options: { follow?: boolean; contexts?: boolean; json?: boolean }) => {
      const print = (event: BoxEvent) => console.log(options.json ? JSON.stringify(event) : eventLine(event));
      if (!options.follow) {
        for (const event of (await askDaemon(socket(), 'events')) as readonly BoxEvent[]) print(event);
        return;
      }
      for await (const told of followDaemon(socket(), 'follow-events', { contexts: options.contexts })) {
        if ('event' in told) print(told.event as BoxEvent);
        else console.error(`pshim6: ${told.lost} events were lost: this terminal is too slow`);
      }
      throw new ControlError(`control socket ${socket()}: the daemon has ended`);
    });

  program
    .command('outages')
    .description('what failed, when, for how many contexts, and how long each phase took')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const report = (await askDaemon(socket(), 'outages')) as readonly OutageReport[];
      console.log(options.json ? JSON.stringify(report, null, 2) : outages(report));
    });
}
