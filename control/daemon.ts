/** The composition root: one box, running. Everything with a clock, a socket or a file meets the cores here. */
import { performance } from 'node:perf_hooks';
import { mountBpfFileSystem } from '../native/linux/index.ts';
import { startDhcp } from './adapters/dhcp6.ts';
import { startDns } from './adapters/dns.ts';
import { openSite } from './adapters/open-site.ts';
import { OutageFile } from './adapters/outage-file.ts';
import { startPublication } from './adapters/publication.ts';
import { systemRandom } from './adapters/random.ts';
import { Renumberer } from './adapters/renumberer.ts';
import { claimNamespace } from './adapters/sole-instance.ts';
import { renumberingCommands } from './api/renumbering-commands.ts';
import { serveControlSocket } from './api/server.ts';
import { siteCommands } from './api/site-commands.ts';
import { zoneCommands } from './api/zone-commands.ts';
import { Box } from './box.ts';
import type { Config } from './config/schema.ts';
import { DEFAULT_ULID_TYPE } from './naming/ulid-record.ts';
import { createLog, type Log } from './observe/log.ts';
import { boxReports } from './observe/reports.ts';
import { version } from './version.ts';

export interface RunOptions {
  /** Leave the XDP programs attached when stopping. */
  readonly keepDatapath: boolean;
}

const clock = () => performance.now();
const random = systemRandom();

/** Runs until SIGTERM or SIGINT. Throws, with everything undone, when the box cannot start. */
export async function runDaemon(config: Config, options: RunOptions): Promise<void> {
  const log = createLog(config.log);
  const started = new Date();
  const stopped = stopSignal();
  const undo: (() => void | Promise<void>)[] = [];
  try {
    const claim = await claimNamespace();
    undo.push(() => void claim.close());
    // The programs are pinned there when the box closes: if that cannot be, now is the time to say so.
    if (options.keepDatapath) mountBpfFileSystem();
    const { site, close: closeSite } = await openSite(config, log, random);
    undo.push(closeSite);
    const outages = openOutageFile(config, log);
    const box = new Box({ site, log, clock, random, ...(outages && { outages }) });
    undo.push(() => box.close(options.keepDatapath));
    const dns =
      config.dns === undefined
        ? undefined
        : await startDns(config.dns, {
            box,
            log,
            clock,
            random,
            ulids: config.ulids,
            prefixes: config.site.prefixes,
          });
    if (dns !== undefined) undo.push(() => dns.close());
    const dhcp = config.dhcp && startDhcp(config.dhcp, site, log);
    if (dhcp !== undefined) {
      undo.push(() => dhcp.close(options.keepDatapath));
      box.links.onInsideAgain = () => dhcp.reopen();
    }
    const ulidType = config.dns?.['ulid-type'] ?? DEFAULT_ULID_TYPE;
    const { publication } = config;
    const publisher = publication && (await startPublication(publication, { site, log, random, ulidType }));
    undo.push(() => publisher?.close());
    const renumberer = new Renumberer(box, publisher, log);
    undo.push(() => renumberer.stop());
    await renumberer.start();
    const commands = {
      ...boxReports({ box, config, started, dns, dhcp, outages }),
      ...siteCommands(box),
      ...zoneCommands(site, publisher, ulidType),
      ...renumberingCommands(renumberer),
    };
    const socket = await serveControlSocket(config.control.socket, config.control.group, commands);
    undo.push(() => socket.close());
    log.info('daemon-started', { site: config.site.name, version, hosts: box.hosts.size });
    const signal = await stopped;
    log.info('daemon-stopping', { signal });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

function openOutageFile({ outages: { file, kept } }: Config, log: Log): OutageFile | undefined {
  if (file === undefined) return undefined;
  const onFailure = (error: Error) => log.warn('outage-not-kept', { reason: error.message });
  return new OutageFile({ path: file, kept, onFailure });
}

function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done(signal));
  });
}
