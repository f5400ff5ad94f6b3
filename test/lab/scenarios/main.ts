/**
 * npm run scenarios [NAME...]: failures under open connections, and a table of the gaps. Exit status 0 only if each
 * connection survived each failure, with no gap longer than the scenario allows.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { down } from '../lab.ts';
import { SITES } from '../topology.ts';
import { runHandshakeScenario } from './handshake.ts';
import { raiseFor } from './lab.ts';
import { SCENARIOS } from './list.ts';
import { runScenario } from './run.ts';
import type { Scenario, ScenarioResult, Setting } from './scenario.ts';
import { gapTable } from './table.ts';

interface Outcome {
  readonly results: ScenarioResult[];
  readonly failures: string[];
}

const print = (line = ''): void => console.log(line);

async function attempt(title: string, outcome: Outcome, act: () => Promise<ScenarioResult>): Promise<void> {
  const start = performance.now();
  try {
    const result = await act();
    outcome.results.push(result);
    const [toH2, toH1] = [result.toH2, result.toH1].map(({ failing, mending }) => Math.max(failing, mending));
    const gaps = `longest gaps ${toH2!.toFixed(0)} and ${toH1!.toFixed(0)} ms`;
    print(`   held: ${title} (${((performance.now() - start) / 1000).toFixed(1)} s; ${gaps})`);
  } catch (error) {
    outcome.failures.push(`${title}: ${(error as Error).message}`);
    print(`   DID NOT HOLD: ${title}: ${(error as Error).message}`);
  }
}

const HANDSHAKE = 'handshake';

async function runSetting(
  setting: Setting,
  scenarios: readonly Scenario[],
  handshake: boolean,
  outcome: Outcome,
): Promise<void> {
  print(`Raising the lab: ${setting}`);
  try {
    await raiseFor(setting, (line) => print(`   ${line}`));
    for (const scenario of scenarios) await attempt(scenario.title, outcome, () => runScenario(scenario));
    if (handshake) await attempt('failure during handshake', outcome, runHandshakeScenario);
  } catch (error) {
    outcome.failures.push(`${setting}: ${(error as Error).message}`);
  } finally {
    await down();
  }
}

/** A lab with another number of providers is another process: the topology is fixed when it is loaded. */
async function runElsewhere(scenarios: readonly Scenario[], outcome: Outcome): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pshim6-scenarios-'));
  const file = join(folder, 'results.json');
  try {
    const words = [import.meta.filename, '--json', file, ...scenarios.map(({ name }) => name)];
    const env = { ...process.env, PSHIM6_LAB_PROVIDERS: '3' };
    const child = spawn(process.execPath, words, { stdio: 'inherit', env });
    await once(child, 'exit');
    const { results, failures } = JSON.parse(readFileSync(file, 'utf8')) as Outcome;
    outcome.results.push(...results);
    outcome.failures.push(...failures);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'string' } },
  });
  const known = [...SCENARIOS.map(({ name }) => name), HANDSHAKE];
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`scenarios: there is no ${unknown.join(', ')}; there are ${known.join(', ')}`);
    return 2;
  }
  const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name);
  const wanted = SCENARIOS.filter(({ name }) => isWanted(name));
  const outcome: Outcome = { results: [], failures: [] };
  for (const setting of ['plain', 'watched', 'tunnels', 'three'] as const) {
    const scenarios = wanted.filter((scenario) => scenario.setting === setting);
    const handshake = setting === 'watched' && isWanted(HANDSHAKE);
    if (scenarios.length === 0 && !handshake) continue;
    if (setting === 'three' && SITES[0].providers.length < 3) await runElsewhere(scenarios, outcome);
    else await runSetting(setting, scenarios, handshake, outcome);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(outcome, null, 2)}\n`);
  if (outcome.results.length > 0 && process.env['PSHIM6_LAB_PROVIDERS'] === undefined)
    print(`\nLongest gaps in a stream of a datagram a millisecond, ms\n\n${gapTable(outcome.results)}`);
  for (const failure of outcome.failures) print(`\nDID NOT HOLD: ${failure}`);
  return outcome.failures.length === 0 ? 0 : 1;
}

process.exit(await main());
