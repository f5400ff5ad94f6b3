#!/usr/bin/env node
/** The pshim6 command. Exit status: 0 done, 1 failed, 2 wrong arguments. */
import { Command, CommanderError } from 'commander';
import { ControlError } from '../api/client.ts';
import { ControlSocketError } from '../api/server.ts';
import { ConfigError } from '../config/load.ts';
import { SiteKeyFileError } from '../store/site-key.ts';
import { StoreError } from '../store/store.ts';
import { version } from '../version.ts';
import { AddressError } from '../wire/ipv6/address.ts';
import { registerAccountCommands } from './account.ts';
import { registerKeyCommands } from './keys.ts';
import { registerRecordCommands } from './records.ts';
import { reports } from './reports.ts';
import { registerSiteCommands } from './site.ts';
import { registerSiteKeyCommands } from './site-keys.ts';
import { registerZoneCommands } from './zone.ts';

const program = new Command('pshim6')
  .description('P-SHIM6 box: multihoming for an IPv6 site (RFC 5533, RFC 5534)')
  .version(version)
  .option('--socket <path>', "the daemon's control socket", '/run/pshim6/pshim6.sock')
  .showHelpAfterError()
  .exitOverride();

program
  .command('run')
  .description('run the box in the foreground, until SIGTERM or SIGINT')
  .requiredOption('--config <file>', 'configuration (YAML)')
  .option('--check', 'only check the configuration')
  .option('--keep-datapath', 'leave the XDP programs attached when stopping')
  .action(async (options: { config: string; check?: boolean; keepDatapath?: boolean }) => {
    const { loadConfig } = await import('../config/load.ts');
    const config = loadConfig(options.config);
    if (options.check) return console.log(`${options.config}: good`);
    const { runDaemon } = await import('../daemon.ts');
    await runDaemon(config, { keepDatapath: options.keepDatapath === true });
  });

const questions = {
  status: 'packets by program, contexts, counters',
  contexts: 'SHIM6 contexts: ULIDs, locators in use, packets',
  uplinks: 'providers: state, gateway, last switch and why',
  dns: 'the DNS ALG: resolvers and their state, counters',
  drops: 'packets dropped, by reason',
} as const;

for (const [name, description] of Object.entries(questions) as [keyof typeof questions, string][]) {
  program
    .command(name)
    .description(description)
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { askDaemon } = await import('../api/client.ts');
      const report = await askDaemon(program.opts<{ socket: string }>().socket, name);
      const show = reports[name] as (report: unknown) => string;
      console.log(options.json ? JSON.stringify(report, null, 2) : show(report));
    });
}

registerAccountCommands(program);
registerKeyCommands(program);
registerSiteKeyCommands(program);
registerRecordCommands(program);
registerSiteCommands(program);
registerZoneCommands(program);

/** The lab is for checkouts; an installed router has no need of it. */
async function addLab(): Promise<void> {
  const { registerLab } = await import('../../test/lab/commands.ts');
  registerLab(program);
}

const expected = [ControlError, ControlSocketError, ConfigError, SiteKeyFileError, StoreError, AddressError];

async function main(): Promise<void> {
  try {
    if (process.argv.includes('lab') || process.argv.includes('help') || process.argv.length <= 3)
      await addLab();
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (expected.some((kind) => error instanceof kind) || process.env['PSHIM6_TRACE'] === undefined) {
      console.error(`pshim6: ${(error as Error).message}`);
      process.exitCode = 1;
    } else {
      throw error;
    }
  }
}

await main();
