/** pshim6 provider replace: what it would change, and how far it is. */
import { type Command, InvalidArgumentError } from 'commander';
import { askDaemon, ControlError, followDaemon } from '../api/client.ts';
import type { RenumberingEvent } from '../site/renumbering.ts';
import { formatTable } from './table.ts';

interface Options {
  readonly dryRun?: boolean;
  readonly ttl?: number;
  readonly json?: boolean;
}

/** As the daemon sends it. */
interface Plan {
  readonly from: string;
  readonly to: string;
  readonly ttl: number;
  readonly isUp: boolean;
  readonly hosts: readonly {
    readonly name: string | null;
    readonly ulid: string;
    readonly from: string | null;
    readonly to: string | null;
  }[];
  readonly contexts: number;
  readonly contextsToMove: number;
}

/** Adds the command to `provider`; its action throws ControlError. */
export function registerReplace(provider: Command, socket: () => string): void {
  provider
    .command('replace <old> <new>')
    .description('move everything from a provider to another that was added before, breaking no connection')
    .option('--dry-run', 'only say what would change')
    .option('--ttl <seconds>', "of the records in caches; the publication's, or 3600", seconds)
    .option('--json', 'print JSON: the plan, or an event a line')
    .action(async (from: string, to: string, options: Options) => {
      const args = { from, to, ...(options.ttl !== undefined && { ttl: options.ttl }) };
      if (options.dryRun) return showPlan(socket(), args, options);
      await follow(socket(), args, options);
    });
}

function seconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('must be a number of seconds');
  return Number(text);
}

async function showPlan(socket: string, args: object, { json }: Options): Promise<void> {
  const plan = (await askDaemon(socket, 'provider-replace-plan', { ...args })) as Plan;
  console.log(json ? JSON.stringify(plan, null, 2) : planText(plan));
}

const planText = (plan: Plan): string =>
  [
    `${plan.to} would replace ${plan.from}; nothing was changed. ${plan.to} is ${plan.isUp ? 'up' : 'DOWN: it must be up first'}`,
    `contexts whose peers would be told: ${plan.contexts}; of them would move: ${plan.contextsToMove}`,
    `${plan.from} would go on receiving for ${plan.ttl} s after its addresses have left the DNS`,
    '',
    formatTable(
      [
        { title: 'HOST', text: (row: Plan['hosts'][number]) => row.name ?? row.ulid },
        { title: `FROM ${plan.from}`, text: (row) => row.from ?? '-' },
        { title: `TO ${plan.to}`, text: (row) => row.to ?? '-' },
      ],
      plan.hosts,
    ),
  ].join('\n');

async function follow(socket: string, args: object, { json }: Options): Promise<void> {
  for await (const message of followDaemon(socket, 'provider-replace', { ...args })) {
    if (!('event' in message)) continue;
    const event = message.event as RenumberingEvent | { readonly failed: string };
    if (json) console.log(JSON.stringify(event));
    if ('failed' in event) throw new ControlError(event.failed);
    if (!json) console.log(eventText(event));
    if (event.phase === 'finished') return;
  }
  throw new ControlError('the daemon ended; started again it goes on, and so does this command');
}

const eventText = ({ at, phase, state, detail }: RenumberingEvent): string =>
  `${at.slice(11, 19)}  ${phase.padEnd(9)} ${state.padEnd(8)} ${detail}`.trimEnd();
