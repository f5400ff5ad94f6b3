/** What people run between two hosts of multihomed sites: unmodified programs over CMULAs. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runIn } from './command.ts';
import { down, up } from './lab.ts';
import { inState } from './paths.ts';
import { SSH_OPTIONS } from './services.ts';
import { hostIn, type LabHost } from './state.ts';
import { askForTime, serveTime } from './traffic/clocks.ts';
import { fetchByFtp, serveFtp } from './traffic/ftp.ts';
import { askForLargeRecord, fragmentCounters, LARGE_RECORD_LENGTH, serveLargeZone } from './traffic/names.ts';
import { multipathCounters, parallelStreams, sendByMultipath, serveMultipath } from './traffic/streams.ts';
import { answerCalls, call } from './traffic/voice.ts';
import { browseByHttp3, fetchByHttp2, serveWeb } from './traffic/web.ts';
import { joinByWireguard } from './traffic/wireguard.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const FILE = 'twenty-megabytes.bin';

describe('programs that people use, between hosts of two sites', { skip }, () => {
  let client: LabHost;
  let server: LabHost;
  let digest: string;
  let files: string;
  const received = () => inState('received.bin');

  before(async () => {
    await up({ owned: true });
    [client, server] = [hostIn('h1'), hostIn('h2')];
    const content = randomBytes(20_000_000);
    digest = createHash('sha256').update(content).digest('hex');
    files = mkdtempSync(join(tmpdir(), 'pshim6-files-'));
    // The lab's own directory is closed to the users that servers of files run as.
    chmodSync(files, 0o755);
    writeFileSync(join(files, FILE), content, { mode: 0o644 });
  });
  after(async () => {
    await down();
    rmSync(files, { recursive: true });
  });

  it('HTTP/2', async () => {
    await serveWeb(server, files);
    const { version, sha256 } = await fetchByHttp2(client, server, FILE, received());
    assert.deepEqual([version, sha256], ['2', digest]);
  });

  it('HTTP/3, by a browser', async () => {
    assert.match(await browseByHttp3(client, server), /loaded by h3/);
  });

  it('scp, with new keys every megabyte', async () => {
    const source = `root@${server.name}:${join(files, FILE)}`;
    const argv = ['scp', '-v', ...SSH_OPTIONS, '-o', 'RekeyLimit=1M', source, received()];
    const { stderr } = await runIn(client.namespace, argv);
    assert.equal(createHash('sha256').update(readFileSync(received())).digest('hex'), digest);
    assert.ok((stderr.match(/rekeying in progress|SSH2_MSG_NEWKEYS received/g) ?? []).length > 10, stderr);
  });

  it('FTP, passive and active', async () => {
    await serveFtp(server, files);
    for (const mode of ['passive', 'active'] as const) {
      assert.equal(await fetchByFtp(client, server, FILE, received(), mode), digest, mode);
    }
  });

  it('SIP over UDP', async () => {
    await answerCalls(server);
    await call(client, server, 20);
  });

  it('DNS, with an answer that UDP fragments', async () => {
    await serveLargeZone(server);
    const before = { sender: await fragmentCounters(server), receiver: await fragmentCounters(client) };
    assert.equal(await askForLargeRecord(client, server, 'udp'), LARGE_RECORD_LENGTH);
    assert.equal(await askForLargeRecord(client, server, 'tcp'), LARGE_RECORD_LENGTH);
    assert.ok((await fragmentCounters(server)).made > before.sender.made, 'nothing was fragmented');
    assert.ok((await fragmentCounters(client)).reassembled > before.receiver.reassembled);
  });

  it('NTP', async () => {
    await serveTime(server);
    // Both ends read one clock.
    const wrong = await askForTime(client, server);
    assert.ok(Math.abs(wrong) < 0.1, `wrong by ${wrong} s`);
  });

  it('WireGuard', async () => {
    const inner = await joinByWireguard(client, server);
    const { stdout } = await runIn(client.namespace, [
      'ping',
      '-n',
      '-c',
      '20',
      '-i',
      '0.05',
      '-s',
      '1200',
      inner,
    ]);
    assert.match(stdout, /20 received/);
  });

  it('sixteen TCP streams at once', async () => {
    const octets = await parallelStreams(client, server, 16, 2);
    assert.equal(octets.length, 16);
    assert.ok(
      octets.every((count) => count > 0),
      `${octets}`,
    );
  });

  it('Multipath TCP', async (test) => {
    if ((await multipathCounters(server)).size === 0) return test.skip('the kernel has no Multipath TCP');
    await serveMultipath(server);
    assert.ok((await sendByMultipath(client, server)) > 1_000_000);
    assert.ok((await multipathCounters(server)).get('MPCapableACKRX')! > 0, 'it was plain TCP');
  });
});
