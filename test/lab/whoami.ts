/**
 * Runs inside a host or server. `node whoami.ts serve PORT` answers every line of a TCP connection with the address it
 * came from. `node whoami.ts hold ADDRESS PORT` says `hello` every 50 ms until the connection ends; it prints `held` after
 * the first answer, and at the end the addresses it was answered with and how it ended, and after how many milliseconds
 * without an answer.
 */
import { connect, createServer } from 'node:net';

const INTERVAL = 50;
const [mode, ...words] = process.argv.slice(2);

if (mode === 'serve') {
  createServer((socket) => {
    socket.on('data', () => socket.write(`${socket.remoteAddress}\n`));
    socket.on('error', () => {});
  }).listen(Number(words[0]), '::');
} else {
  const socket = connect(Number(words[1]), words[0]!);
  const answers = new Set<string>();
  let last = performance.now();
  const timer = setInterval(() => socket.write('hello\n'), INTERVAL);
  const end = (how: string) => {
    clearInterval(timer);
    const silence = Math.round(performance.now() - last);
    process.stdout.write(`${JSON.stringify({ answers: [...answers], how, silence })}\n`);
    process.exit();
  };
  socket.once('data', () => process.stdout.write('held\n'));
  socket.on('data', (octets) => {
    for (const line of octets.toString().trim().split('\n')) answers.add(line);
    last = performance.now();
  });
  socket.on('error', (error) => end((error as NodeJS.ErrnoException).code ?? error.message));
  socket.on('close', () => end('closed'));
}
