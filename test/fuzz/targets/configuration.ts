/** The configuration file. */
import { ConfigError, parseConfig } from '../../../control/config/load.ts';
import { configSchema } from '../../../control/config/schema.ts';
import { minimalConfig } from '../../config/minimal.ts';
import { hold, type Target } from '../target.ts';
import { text } from '../words.ts';

const keys = [
  ...Object.keys(configSchema.shape),
  'name',
  'prefix',
  'prefixes',
  'gateway',
  'interface',
  'modifier',
];

export const target: Target = {
  invariant: 'a configuration, or a ConfigError that names what is wrong',
  maximumLength: 1024,
  dictionary: [
    ...keys.map((key) => text(`${key}: `)),
    ...[
      '{',
      '}',
      '[',
      ']',
      ', ',
      '- ',
      '&a ',
      '*a',
      '<<: ',
      '!!binary ',
      '!!map ',
      '|\n',
      '"',
      '? ',
      '\n---\n',
    ],
    ...['null', '~', '.nan', '-1', '1e999', '0x10', '2001-01-01', '__proto__: ', 'constructor: ', 'fc00::/8'],
  ].map((word) => (typeof word === 'string' ? text(word) : word)),
  seeds: () => [
    text(minimalConfig),
    text(`${minimalConfig}contexts: { capacity: 100 }\nlog: { level: debug }\nulids: [fc00::/8]\n`),
    text(
      `${minimalConfig}hosts: [{ name: h, subnet: fc00:db8:1::/64, modifier: ${'0'.repeat(32)} }]\n` +
        'dns: { listen: [fc00:db8:1::1], resolvers: [2001:db8::53] }\n',
    ),
    text('a: &a [1, 2]\nb: *a\n'),
  ],
  run(input) {
    try {
      parseConfig(Buffer.from(input).toString('utf8'));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      hold(error.mistakes.length > 0 && error.mistakes.every((mistake) => mistake !== ''), 'names nothing');
    }
  },
};
