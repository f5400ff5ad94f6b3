/** pshim6 keys: the site's key, for people and for the site's other boxes. */
import { createPublicKey } from 'node:crypto';
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { keyFingerprint } from '../site/settings.ts';
import {
  isEncryptedFile,
  loadSiteKey,
  PASSPHRASE_VARIABLE,
  readPassphrase,
  type SiteKey,
  writeSiteKey,
} from '../store/site-key.ts';

interface Where {
  readonly config: string;
}

/** Adds the commands; their actions throw SiteKeyFileError and ConfigError. */
export function registerSiteKeyCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description("the site's key: show it, copy it to the site's other boxes");
  const command = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .requiredOption('--config <file>', "the box's configuration (YAML)");

  command('show', 'type, fingerprint and public key')
    .option('--json', 'print JSON')
    .action((options: Where & { json?: boolean }) => show(options));
  command('export <file>', 'write a copy that `keys import` reads')
    .option('--passphrase-file <file>', `encrypt it; else with ${PASSPHRASE_VARIABLE}, else not at all`)
    .action((file: string, options: Where & { passphraseFile?: string }) => {
      writeSiteKey(file, configuredKey(options), readPassphrase(options.passphraseFile, process.env));
      console.log(
        `${file}: ${isEncryptedFile(file) ? 'encrypted' : 'NOT encrypted; whoever reads it is the site'}`,
      );
    });
  command('import <file>', 'make a copy the key of this box; refuses to replace one')
    .option('--passphrase-file <file>', `of the copy; else ${PASSPHRASE_VARIABLE}`)
    .action((file: string, options: Where & { passphraseFile?: string }) => {
      const { site } = loadConfig(options.config);
      const key = loadSiteKey(file, readPassphrase(options.passphraseFile, process.env));
      writeSiteKey(site.key, key, readPassphrase(site['key-passphrase-file'], {}));
      console.log(`${site.key}: ${key.type}, fingerprint ${fingerprint(key)}`);
    });
}

const fingerprint = ({ publicKey }: SiteKey): string =>
  Buffer.from(keyFingerprint(publicKey)).toString('hex');

function configuredKey({ config }: Where): SiteKey {
  const { site } = loadConfig(config);
  return loadSiteKey(site.key, readPassphrase(site['key-passphrase-file'], process.env));
}

function show(options: Where & { json?: boolean }): void {
  const { site } = loadConfig(options.config);
  const key = configuredKey(options);
  const { modulusLength } = key.privateKey.asymmetricKeyDetails ?? {};
  const row = {
    file: site.key,
    type: key.type,
    ...(modulusLength !== undefined && { bits: modulusLength }),
    encrypted: isEncryptedFile(site.key),
    /** SHA-256 of the public key, DER. */
    fingerprint: fingerprint(key),
    publicKey: createPublicKey(key.privateKey).export({ type: 'spki', format: 'pem' }).toString(),
  };
  console.log(
    options.json
      ? JSON.stringify(row, null, 2)
      : Object.entries(row)
          .map(([name, value]) => (name === 'publicKey' ? String(value).trimEnd() : `${name}: ${value}`))
          .join('\n'),
  );
}
