/** What the guest's labs share: a lab of programs that run well under emulation, and traffic between its hosts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { ProgramEndedError, runIn } from '../../lab/command.ts';
import { type UpOptions, up } from '../../lab/lab.ts';
import { inState } from '../../lab/paths.ts';
import type { LabHost } from '../../lab/state.ts';
import { listen } from '../../lab/traffic/listen.ts';

const PORT = 5000;
/** Of the file that hosts serve. */
export const OCTETS = 300_000;
/** Node dies of signals under emulation, seldom; a box that did so before it ran has been no test. */
const ATTEMPTS = 3;

/** Echo replies that came. */
export async function ping(from: LabHost, to: string, count: number, length = 56): Promise<number> {
  const words = ['ping', '-6', '-n', '-i', '0.2', '-W', '5', '-c', String(count), '-s', String(length), to];
  const { stdout } = await runIn(from.namespace, words);
  return Number(/(\d+) received/.exec(stdout)?.[1]);
}

/** Fetches a file that `from` serves by HTTP. */
export async function transfer(from: LabHost, to: LabHost): Promise<void> {
  const received = inState('received.bin');
  const words = ['curl', '-sS', '--fail', '--max-time', '100', '-o', received];
  await runIn(to.namespace, [...words, `http://[${from.cmula}]:${PORT}/file.bin`], { timeout: 120_000 });
  assert.ok(readFileSync(received).equals(readFileSync(inState('www', 'file.bin'))));
}

export async function serveFile(hosts: readonly LabHost[]): Promise<void> {
  mkdirSync(inState('www'));
  writeFileSync(inState('www', 'file.bin'), randomBytes(OCTETS));
  for (const host of hosts) {
    const argv = ['busybox', 'httpd', '-f', '-p', `[${host.cmula}]:${PORT}`, '-h', inState('www')];
    await listen('httpd', host, 'tcp', PORT, argv);
  }
}

/** Raises the lab, bare. `further`: what is raised after it, which begins anew with it. */
export async function raise(
  options: UpOptions,
  further: () => Promise<void> = async () => {},
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const progress = (line: string) => console.log(`${process.uptime().toFixed(0)} s: ${line}`);
      await up({ owned: true, bare: true, progress, ...options });
      return await further();
    } catch (error) {
      if (!(error instanceof ProgramEndedError) || error.signal === undefined || attempt === ATTEMPTS)
        throw error;
      console.log(`${error.message}\nattempt ${attempt} of ${ATTEMPTS}`);
    }
  }
}
