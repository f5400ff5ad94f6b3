/** The version of this package, from its package.json (which lies one level higher once built). */
import { existsSync, readFileSync } from 'node:fs';

function readVersion(): string {
  for (const place of ['../package.json', '../../package.json']) {
    const url = new URL(place, import.meta.url);
    if (existsSync(url)) return (JSON.parse(readFileSync(url, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}

export const version = readVersion();
