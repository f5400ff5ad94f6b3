/** The DHCPv6 server over a real site: its hosts, pool of modifiers and store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dhcpSettings, leaseBook } from '../../control/adapters/dhcp6.ts';
import { DhcpServer } from '../../control/addressing/server.ts';
import { parseConfig } from '../../control/config/load.ts';
import { verifyHba } from '../../control/identity/hba.ts';
import { signingKey } from '../../control/identity/signing-key.ts';
import type { Miner, MiningJob } from '../../control/site/modifier-pool.ts';
import { Site } from '../../control/site/site.ts';
import { type ClientMessage, decodeDhcp, encodeDhcp, StatusCode } from '../../control/wire/dhcp6/index.ts';
import { formatAddress, parseAddress } from '../../control/wire/ipv6/address.ts';
import {
  addresses,
  associations,
  Client,
  ia,
  iaStatuses,
  SERVER_DUID,
  START,
} from '../addressing/exchange.ts';
import { privateKeys } from '../identity/keys.ts';
import { SeededRandom } from '../shim6/random.ts';
import { MemoryStore } from '../store/memory-store.ts';

const RELAY = parseAddress('fc00:db8:1::fe');

class Box {
  readonly jobs: MiningJob[] = [];
  readonly #store = new MemoryStore();
  readonly #luck = new SeededRandom(3);
  readonly #config: ReturnType<typeof parseConfig>;
  site!: Site;
  server!: DhcpServer;

  constructor(site: object, hosts: readonly object[] = []) {
    this.#config = parseConfig(
      JSON.stringify({
        site: { name: 's', prefixes: ['fc00:db8:1::/48'], key: '/k', sec: 0, pool: 2, ...site },
        inside: [{ interface: 'lan', address: 'fc00:db8:1::1' }],
        providers: ['11', '12'].map((number) => ({
          name: `x${number}`,
          interface: `x${number}`,
          prefix: `2001:db8:${number}::/48`,
          gateway: 'fe80::1',
        })),
        dhcp: { subnets: [{ prefix: 'fc00:db8:1::/64', interface: 'lan' }] },
        hosts,
      }),
    );
  }

  /** From the configuration and what the store has. */
  async start(): Promise<this> {
    const miner: Miner = { mine: (job) => void this.jobs.push(job) };
    const key = {
      type: 'p256' as const,
      privateKey: privateKeys.p256,
      publicKey: signingKey(privateKeys.p256).publicKey,
    };
    this.site = await Site.open({
      config: this.#config,
      key,
      store: this.#store,
      miner,
      random: this.#luck.octets,
      onNotKept: assert.fail,
    });
    const settings = dhcpSettings(this.#config.dhcp!, this.#config);
    this.server = new DhcpServer(SERVER_DUID, settings, leaseBook(this.site.hosts));
    return this;
  }

  /** The answer, once what it says is durable. `port`: the Remote-ID that a relay agent puts on it. */
  async exchange(message: ClientMessage, port: number): Promise<ClientMessage> {
    const bytes = encodeDhcp({
      type: 'RelayForward',
      hopCount: 0,
      linkAddress: RELAY,
      peerAddress: parseAddress('fe80::9'),
      options: [
        { type: 'RemoteId', enterprise: 9, identifier: Uint8Array.of(port) },
        { type: 'RelayMessage', message: encodeDhcp(message) },
      ],
    });
    const outcome = this.server.handle({ bytes, interface: 'lan', source: RELAY, multicast: false }, START);
    assert.notEqual(outcome.kind, 'discard');
    if (outcome.kind === 'record') {
      await this.site.hosts.apply(outcome.changes);
      this.server.recorded(outcome);
    }
    const reply = decodeDhcp((outcome as { message: Uint8Array }).message);
    const inner = reply.options.find((option) => option.type === 'RelayMessage')!;
    return decodeDhcp(inner.message) as ClientMessage;
  }

  async bind(client: Client, port = 1): Promise<string> {
    const advertised = await this.exchange(client.message('Solicit', ia(1)), port);
    const reply = await this.exchange(client.toServer('Request', ...associations(advertised)), port);
    return addresses(reply)[0]!;
  }
}

test('identity hba: a client gets a member of a set, and so is every locator of its host; after a restart as before', async () => {
  const box = await new Box({ identity: 'hba' }).start();
  const address = await box.bind(new Client(1));
  const host = [...box.site.hosts.live.values()][0]!;
  assert.equal(formatAddress(host.ulid), address);
  assert.equal(host.locators.length, 2);
  for (const member of [host.ulid, ...host.locators.map((locator) => locator.address)])
    assert.deepEqual(verifyHba(member, host.parameters), { valid: true });
  await box.start();
  assert.deepEqual([...box.site.hosts.live.values()], [host]);
  assert.equal(await box.bind(new Client(1)), address);
});

test('sec 2: while none is mined yet, which takes hours, the client is told at once', async () => {
  const box = await new Box({ sec: 2 }).start();
  const advertised = await box.exchange(new Client(1).message('Solicit', ia(1)), 1);
  assert.deepEqual(iaStatuses(advertised), [StatusCode.NoAddrsAvail]);
  assert.deepEqual(
    box.jobs.map(({ sec, count }) => [sec, count]),
    [[2, 2]],
  );
});

test('a reservation by remote-id: whoever is behind the port next has the address; served all along', async () => {
  const box = await new Box({}, [
    {
      name: 'port7.bar.com',
      subnet: 'fc00:db8:1::/64',
      modifier: '07'.repeat(16),
      sec: 0,
      'remote-id': { enterprise: 9, identifier: '07' },
    },
  ]).start();
  const reserved = [...box.site.hosts.live.values()][0]!;
  assert.equal(await box.bind(new Client(1), 7), formatAddress(reserved.ulid));
  assert.equal(await box.bind(new Client(2), 7), formatAddress(reserved.ulid));
  assert.notEqual(await box.bind(new Client(1), 8), formatAddress(reserved.ulid));
  await box.start();
  const { live, leases } = box.site.hosts;
  assert.deepEqual(leases.bindingOf(reserved.ulid)?.duid, new Client(2).duid);
  assert.deepEqual(live.get([...live.keys()][0]!)?.locators, reserved.locators);
  assert.equal(live.size, 2);
});
