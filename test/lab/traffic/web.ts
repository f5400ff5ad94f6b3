/** HTTP/2 and HTTP/3: Caddy serves; curl and a browser without a window ask. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { run, runIn } from '../command.ts';
import { inState } from '../paths.ts';
import type { LabHost } from '../state.ts';
import { listen } from './listen.ts';

/** What the page says of itself once the browser has loaded it. */
const PAGE = `<!doctype html><title>pshim6</title><p id="how"></p><script>
document.getElementById('how').textContent =
  'loaded by ' + performance.getEntriesByType('navigation')[0].nextHopProtocol;
</script>`;

/** Serves a page, and `directory`'s files below /files/, by HTTP/1.1, HTTP/2 and HTTP/3 on port 443. */
export async function serveWeb(host: LabHost, directory: string): Promise<void> {
  const folder = inState(`caddy-${host.namespace}`);
  mkdirSync(folder, { recursive: true });
  const [key, certificate] = [`${folder}/key.pem`, `${folder}/certificate.pem`];
  const subject = ['-subj', `/CN=${host.name}`, '-addext', `subjectAltName=DNS:${host.name}`];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run([
    'openssl',
    'req',
    '-x509',
    ...curve,
    '-days',
    '2',
    ...subject,
    '-keyout',
    key,
    '-out',
    certificate,
  ]);
  writeFileSync(`${folder}/index.html`, PAGE);
  writeFileSync(
    `${folder}/Caddyfile`,
    `{
  admin off
  auto_https off
  storage file_system ${folder}/storage
}
https://${host.name}:443 {
  tls ${certificate} ${key}
  handle_path /files/* {
    root * ${directory}
    file_server
  }
  root * ${folder}
  file_server
}
`,
  );
  const argv = [
    'env',
    `HOME=${folder}`,
    'caddy',
    'run',
    '--config',
    `${folder}/Caddyfile`,
    '--adapter',
    'caddyfile',
  ];
  await listen('caddy', host, 'tcp', 443, argv);
}

const certificateOf = (host: LabHost): string => inState(`caddy-${host.namespace}`, 'certificate.pem');

/** Fetches a file by HTTP/2 with curl: which version was spoken, and the SHA-256 of what came. */
export async function fetchByHttp2(client: LabHost, server: LabHost, path: string, file: string) {
  const url = `https://${server.name}/files/${path}`;
  const words = ['--http2', '--cacert', certificateOf(server), '-w', '%{http_version}', '-o', file, url];
  const { stdout } = await runIn(client.namespace, ['curl', '-sS', '--fail', '--max-time', '60', ...words]);
  return { version: stdout, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
}

/** The page as a headless Chromium that speaks only QUIC to `server` shows it. */
export async function browseByHttp3(client: LabHost, server: LabHost): Promise<string> {
  const { publicKey } = new X509Certificate(readFileSync(certificateOf(server)));
  const spki = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
  const { stdout } = await runIn(client.namespace, [
    'chromium',
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    `--user-data-dir=${inState(`chromium-${client.namespace}`)}`,
    '--enable-quic',
    `--origin-to-force-quic-on=${server.name}:443`,
    `--ignore-certificate-errors-spki-list=${spki}`,
    '--virtual-time-budget=10000',
    '--dump-dom',
    `https://${server.name}/`,
  ]);
  return stdout;
}
