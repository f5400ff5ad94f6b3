import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP port of [::1] that nobody listened at a moment ago. */
export async function freePort(): Promise<number> {
  const socket = createSocket('udp6');
  socket.bind(0, '::1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
