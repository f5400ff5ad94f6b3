/** RFC 5533, Shim6. */
import type { Specification } from './requirement.ts';
import { afterwards } from './rfc5533/afterwards.ts';
import { establishment } from './rfc5533/establishment.ts';
import { formats } from './rfc5533/formats.ts';
import { recovery } from './rfc5533/recovery.ts';

export const rfc5533: Specification = {
  name: 'RFC 5533',
  keywords: {
    '1.5': 1,
    '5.4': 4,
    '5.5': 3,
    '5.6': 10,
    '5.7': 3,
    '5.8': 2,
    '5.9': 5,
    '5.10': 2,
    '5.11': 2,
    '5.15': 7,
    '5.15.3': 1,
    '5.15.5': 1,
    '5.15.6': 3,
    '7.1': 3,
    '7.2': 5,
    '7.6': 2,
    '7.7': 3,
    '7.9': 1,
    '7.11': 5,
    '7.12': 1,
    '7.13': 8,
    '7.14': 1,
    '7.15': 3,
    '7.16': 4,
    '7.18': 3,
    '7.19': 1,
    '7.20': 9,
    '8': 2,
    '9': 2,
    '10.4': 4,
    '10.5': 3,
    '11.1': 1,
    '12.2': 1,
    '12.3': 1,
    '16': 1,
  },
  requirements: [...formats, ...establishment, ...recovery, ...afterwards],
};
