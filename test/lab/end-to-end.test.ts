/** Two sites, real daemons, unmodified hosts and servers; tshark is the judge of what crossed the providers' links. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { drops, socketOf } from './box.ts';
import { Captures, type ControlMessage } from './capture.ts';
import { run, runIn, until } from './command.ts';
import { emptyFigures } from './figures.ts';
import { down, status, up } from './lab.ts';
import { existingNamespaces } from './network.ts';
import { CLI, STATE_DIRECTORY } from './paths.ts';
import { isAlive } from './process.ts';
import { type LabProcess, readState } from './state.ts';
import { STEPS } from './steps.ts';
import { PROVIDERS, SITES } from './topology.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

/** RFC 5533 §5.3, table of message types. */
const TYPES = { I1: 1, R1: 2, I2: 3, R2: 4, UPDATE_REQUEST: 64, UPDATE_ACKNOWLEDGEMENT: 65 } as const;
/** Of RFC 5534: they come when traffic happens to need them. */
const REACHABILITY_TYPES = { KEEPALIVE: 66, PROBE: 67 } as const;
const KNOWN_TYPES: ReadonlySet<number> = new Set([
  ...Object.values(TYPES),
  ...Object.values(REACHABILITY_TYPES),
]);

/** A unique local address that only the test puts on a provider's link. */
const PLANTED = 'fc00:bad::1';

describe('two sites through their boxes', { skip }, () => {
  const figures = emptyFigures();
  let captures: Captures | undefined;
  let messages: ControlMessage[] = [];

  before(async () => {
    await up({ owned: true });
    captures = await Captures.start();
  });
  after(down);

  for (const { title, run: step } of STEPS) {
    it(title, async (test) => {
      for (const line of await step(figures)) test.diagnostic(line);
    });
  }

  it('answers every report as JSON on the command line, where the lab says that the boxes are to be asked', async () => {
    const { boxes } = await status();
    assert.deepEqual(
      boxes.map(({ namespace }) => namespace),
      SITES.map(({ box }) => box),
    );
    const cli = [process.execPath, CLI, '--socket', boxes[0]!.socket];
    for (const report of ['status', 'contexts', 'contexts list', 'uplinks', 'hosts', 'drops']) {
      const { stdout } = await run([...cli, ...report.split(' '), '--json']);
      assert.equal(typeof JSON.parse(stdout), 'object', report);
    }
  });

  it('would notice a packet with a CMULA: captures, filters and boxes see one that is planted', async () => {
    const { box, providers } = SITES[0];
    const { name, boxAddress } = providers[0]!;
    await runIn(name, ['ip', 'address', 'add', `${PLANTED}/128`, 'dev', 'lo']);
    await runIn(name, ['ping', '-c', '1', '-W', '1', '-I', PLANTED, boxAddress]).catch(() => {});
    await until('the capture holds it', async () => (await captures!.leaks()).length > 0);
    const dropped = (await drops(SITES[0])).find(({ reason }) => reason === 'ulid-outside');
    assert.ok(dropped !== undefined && dropped.packets > 0, `${box} did not drop it`);
    await captures!.stop();
  });

  it('let no other packet with a CMULA onto a provider link', async () => {
    const leaks = await captures!.leaks();
    assert.deepEqual(
      leaks.filter((line) => !line.includes(PLANTED)),
      [],
    );
  });

  it('sent SHIM6 messages that tshark decodes, with good checksums', async () => {
    messages = await captures!.controlMessages();
    for (const message of messages) {
      assert.ok(KNOWN_TYPES.has(message.type), `unexpected type: ${JSON.stringify(message)}`);
      assert.ok(message.checksumGood, `bad checksum: ${JSON.stringify(message)}`);
      assert.equal(message.length, message.payloadLength, JSON.stringify(message));
    }
    for (const [type, number] of Object.entries(TYPES)) {
      assert.ok(
        messages.some((message) => message.type === number),
        `no ${type} on any link`,
      );
    }
  });

  it('named a ULID of each site in every I1 and I2', async () => {
    // fc00:db8:1::/48 and fc00:db8:2::/48, as tshark writes octets.
    const naming = await captures!.controlMessages(['fc:00:0d:b8:00:01', 'fc:00:0d:b8:00:02']);
    const initiations = (rows: readonly ControlMessage[]) =>
      rows.filter(({ type }) => type === TYPES.I1 || type === TYPES.I2);
    assert.notEqual(initiations(messages).length, 0);
    assert.deepEqual(initiations(naming), initiations(messages));
  });

  it('leaves nothing behind', async () => {
    const started: readonly LabProcess[] = readState()!.processes;
    assert.ok(started.length > 0);
    await down();
    assert.deepEqual(existingNamespaces(), []);
    assert.deepEqual(started.filter(isAlive), []);
    assert.equal(existsSync(STATE_DIRECTORY), false);
    for (const { site } of PROVIDERS) assert.equal(existsSync(socketOf(site)), false);
  });
});
