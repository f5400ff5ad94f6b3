/** pshim6 lab up | down | status | exec | fail | heal. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { LabError, spawnIn } from './command.ts';
import { assertUp, down, fail, heal, status, up } from './lab.ts';
import { describeLab } from './picture.ts';
import { NAMESPACES } from './topology.ts';

interface Output {
  readonly json?: boolean;
}

/** Runs a program in a namespace with this terminal; its exit status becomes ours. */
async function execute(namespace: string, argv: readonly string[]): Promise<void> {
  assertUp();
  if (!NAMESPACES.includes(namespace)) {
    throw new LabError(
      `no namespace is called ${JSON.stringify(namespace)}: there are ${NAMESPACES.join(', ')}`,
    );
  }
  const child = spawnIn(namespace, argv, { stdio: 'inherit' });
  // The terminal sends Ctrl-C to both; the program decides what it means.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    process.exitCode = code ?? 1;
  } finally {
    process.off('SIGINT', ignore);
  }
}

async function show(options: Output): Promise<void> {
  const report = await status();
  console.log(options.json ? JSON.stringify(report, null, 2) : describeLab(report));
}

/** Adds the `lab` command to the program. */
export function registerLab(program: Command): void {
  const lab = program
    .command('lab')
    .description('two sites, their providers and an Internet, in network namespaces');
  lab
    .command('up')
    .description('raise the lab')
    .option('--no-boxes', 'without the daemons in p1 and p2')
    .option('--json', 'print JSON')
    .action(async (options: Output & { boxes: boolean }) => {
      const progress = options.json ? {} : { progress: (line: string) => console.error(line) };
      await up({ boxes: options.boxes, ...progress });
      await show(options);
    });
  lab
    .command('down')
    .description('remove the lab, or what a crash left of it')
    .option('--json', 'print JSON')
    .action(async (options: Output) => {
      await down();
      await show(options);
    });
  lab.command('status').description('what stands, what is cut').option('--json', 'print JSON').action(show);
  lab
    .command('exec')
    .description('run a program in a namespace: pshim6 lab exec h1 -- ping -c 3 h2.foo.com')
    .argument('<namespace>', NAMESPACES.join(', '))
    .argument('<command...>', 'the program and its arguments')
    .action(execute);
  for (const [name, description, action] of [
    ['fail', "cut a provider's uplink: the box loses carrier", fail],
    ['heal', 'mend it', heal],
  ] as const) {
    lab
      .command(name)
      .description(description)
      .argument('<provider>', 'x1, y1, x2 or y2')
      .option('--json', 'print JSON')
      .action(async (provider: string, options: Output) => {
        await action(provider);
        await show(options);
      });
  }
}
