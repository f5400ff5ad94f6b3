/** npm run demo: the lab, the story, the table. Exit status 0 only if every step held. */
import { writeFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { delay } from './command.ts';
import { emptyFigures, type Figures } from './figures.ts';
import { down, status, up } from './lab.ts';
import { describeLab } from './picture.ts';
import { STEPS } from './steps.ts';
import { summarize } from './summary.ts';

interface Options {
  readonly keep?: boolean;
  readonly json?: string;
}

interface StepResult {
  readonly title: string;
  readonly held: boolean;
  readonly milliseconds: number;
  readonly words: readonly string[];
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const print = (line = ''): void => console.log(line);

/** Tells the steps until one does not hold; what comes after it would only repeat the trouble. */
async function tell(figures: Figures): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const [index, { title, run }] of STEPS.entries()) {
    const start = performance.now();
    print(`\n${index + 1}. ${title}`);
    const outcome = await run(figures).then(
      (words) => ({ held: true, words }),
      (error: unknown) => ({ held: false, words: [(error as Error).message] }),
    );
    const milliseconds = performance.now() - start;
    for (const line of outcome.words) print(`   ${line}`);
    print(`   ${outcome.held ? 'held' : 'DID NOT HOLD'} (${seconds(milliseconds)})`);
    results.push({ title, milliseconds, ...outcome });
    if (!outcome.held) break;
  }
  return results;
}

/** True when every step held. */
async function demonstrate(options: Options): Promise<boolean> {
  const figures = emptyFigures();
  const start = performance.now();
  print('Raising the lab');
  await up({ owned: options.keep !== true, progress: (line) => print(`   ${line}`) });
  print(`   up (${seconds(performance.now() - start)})\n`);
  print(describeLab(await status()));
  const results = await tell(figures);
  const held = results.length === STEPS.length && results.every((result) => result.held);
  if (figures.boxes.length > 0) print(`\n${summarize(figures)}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ held, steps: results, figures }, null, 2)}\n`);
  }
  print(`\n${held ? 'Every step held' : 'A step did not hold'} (${seconds(performance.now() - start)})`);
  return held;
}

/** Milliseconds that a step gets to notice that its lab is gone. */
const NOTICE = 10_000;

function readOptions(): Options | number {
  const program = new Command('demo')
    .description('two sites, an outage, and connections that do not notice')
    .option('--keep', 'leave the lab up: pshim6 lab status, pshim6 lab down')
    .option('--json <file>', 'write the figures')
    .exitOverride();
  try {
    return program.parse().opts<Options>();
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'number') return options;
  let interrupted = false;
  const story = demonstrate(options).then(
    (held) => (held ? 0 : 1),
    (error: unknown) => {
      if (!interrupted) console.error(`demo: ${(error as Error).message}`);
      return 1;
    },
  );
  const gaveUp = Promise.withResolvers<number>();
  const interrupt = async () => {
    if (interrupted) return;
    interrupted = true;
    print('\nInterrupted; removing the lab');
    // Taking the lab away ends whatever waits for it, and so the story.
    await down();
    await delay(NOTICE);
    gaveUp.resolve(1);
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const result = await Promise.race([story, gaveUp.promise]);
  // Once more after an interruption: the story may have raised something meanwhile.
  if (options.keep !== true || interrupted) await down();
  return interrupted ? 130 : result;
}

process.exit(await main());
