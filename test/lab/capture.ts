/** Captures on the providers' links, read by tshark: the judge that shares no code with us. */
import { mkdirSync, statSync } from 'node:fs';
import { LabError, run, until } from './command.ts';
import { inState } from './paths.ts';
import { assertAlive, start, stop } from './process.ts';
import type { LabProcess } from './state.ts';
import { PROVIDERS } from './topology.ts';

/**
 * SHIM6 control messages whole (next header 140, P = 0), and whatever has an address out of
 * fc00::/8, also inside the packet that an ICMPv6 error quotes. Bulk payload stays out.
 */
const FILTER = '(ip6 proto 140 and ip6[42] & 0x80 == 0) or src net fc00::/8 or dst net fc00::/8';

/**
 * What tshark says of a control message. Its dissector, since Wireshark 2, reads one octet too few
 * before the checksum and then options at twice their offset, so it calls every control message
 * malformed and its tags, nonces and options mean nothing; what is listed here it decodes right.
 */
export interface ControlMessage {
  readonly provider: string;
  readonly source: string;
  readonly destination: string;
  /** RFC 5533 §5.3. */
  readonly type: number;
  /** Octets by the message's own length field, and by the IPv6 header. */
  readonly length: number;
  readonly payloadLength: number;
  readonly checksumGood: boolean;
}

export class Captures {
  readonly #programs: readonly { provider: string; file: string; program: LabProcess }[];

  private constructor(programs: readonly { provider: string; file: string; program: LabProcess }[]) {
    this.#programs = programs;
  }

  /** Returns when every link of every provider toward a box is being captured. */
  static async start(): Promise<Captures> {
    mkdirSync(inState('captures'), { recursive: true });
    const programs = await Promise.all(
      PROVIDERS.map(async ({ site, provider }) => {
        const file = inState('captures', `${provider.name}.pcap`);
        const argv = ['dumpcap', '-q', '-P', '-i', site.box, '-f', FILTER, '-w', file];
        const program = await start(`dumpcap-${provider.name}`, provider.name, argv);
        await until(`dumpcap captures at ${provider.name}`, async () => {
          assertAlive(program);
          // It opens the file, writes its header, and captures.
          return statSync(file, { throwIfNoEntry: false })?.size;
        });
        return { provider: provider.name, file, program };
      }),
    );
    return new Captures(programs);
  }

  /** Ends the captures; the files are complete then. */
  async stop(): Promise<void> {
    await stop(this.#programs.map(({ program }) => program));
  }

  /** Control messages, those only whose octets hold all of `containing` (hexadecimal with colons). */
  async controlMessages(containing: readonly string[] = []): Promise<ControlMessage[]> {
    const filters = ['shim6', 'shim6.p == 0', ...containing.map((octets) => `frame contains ${octets}`)];
    const rows = await this.#fields(filters.join(' and '), [
      'ipv6.src',
      'ipv6.dst',
      'shim6.type',
      'shim6.len_oct',
      'ipv6.plen',
      'shim6.checksum.status',
    ]);
    return rows.map(({ provider, values }) => ({
      provider,
      source: values[0]!,
      destination: values[1]!,
      type: Number(values[2]),
      length: Number(values[3]),
      payloadLength: Number(values[4]),
      checksumGood: values[5] === '1',
    }));
  }

  /** Packets with an address out of fc00::/8: there must be none. One line of text for each. */
  async leaks(): Promise<string[]> {
    const rows = await this.#fields('ipv6.addr == fc00::/8', ['ipv6.src', 'ipv6.dst', '_ws.col.Info']);
    return rows.map(({ provider, values }) => `${provider}: ${values.join(' ')}`);
  }

  async #fields(filter: string, fields: readonly string[]) {
    const perLink = await Promise.all(
      this.#programs.map(async ({ provider, file }) => {
        const argv = ['tshark', '-n', '-r', file, '-Y', filter, '-T', 'fields', '-E', 'separator=/t'];
        const { stdout } = await run([...argv, ...fields.flatMap((field) => ['-e', field])]);
        return stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => ({ provider, values: line.split('\t') }));
      }),
    );
    const rows = perLink.flat();
    const short = rows.find(({ values }) => values.length !== fields.length);
    if (short !== undefined)
      throw new LabError(`tshark printed ${short.values.length} of ${fields.length} fields`);
    return rows;
  }
}
