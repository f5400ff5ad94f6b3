/** pshim6 ulid-record. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_ULID_TYPE, formatUlidRecord } from '../naming/ulid-record.ts';
import { DnsDecodeError } from '../wire/dns/decode-error.ts';
import { formatName, parseName } from '../wire/dns/name.ts';
import { formatReverseName } from '../wire/dns/reverse.ts';
import { type Address, AddressError, parseAddress } from '../wire/ipv6/address.ts';

export function registerRecordCommands(program: Command): void {
  program
    .command('ulid-record')
    .description('write the records of a name with a ULID, as zone files have them (RFC 3597 §5)')
    .argument('<name>', 'the host, like h1.bar.com', absoluteName)
    .argument('<address>', 'its ULID', ulid)
    .addOption(
      new Option('--ttl <seconds>', 'of the records').argParser(number(0, 2 ** 31 - 1)).default(3600),
    )
    .addOption(
      new Option('--type <n>', 'RR type of the ULID record, private use')
        .argParser(number(65280, 65534))
        .default(DEFAULT_ULID_TYPE),
    )
    .option('--pointer', 'also the PTR record, by which the ULID alone is enough to find the name')
    .action((name: string, address: Address, options: RecordOptions) => {
      console.log(recordLines(name, address, options).join('\n'));
    });
}

interface RecordOptions {
  readonly ttl: number;
  readonly type: number;
  readonly pointer?: boolean;
}

export function recordLines(name: string, address: Address, { ttl, type, pointer }: RecordOptions): string[] {
  const record = formatUlidRecord(name, ttl, address, type);
  return pointer ? [record, `${formatReverseName(address)}. ${ttl} IN PTR ${name}`] : [record];
}

/** With the final dot, so that no $ORIGIN matters. */
function absoluteName(text: string): string {
  try {
    return `${formatName(parseName(text))}.`;
  } catch (error) {
    if (!(error instanceof DnsDecodeError)) throw error;
    throw new InvalidArgumentError('not a domain name');
  }
}

function ulid(text: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

const number =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d{1,10}$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`must be a number from ${least} to ${most}`);
  };
