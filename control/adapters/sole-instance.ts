/** One box per network namespace: two would take each other's interfaces, routes and rules. */
import { createServer, type Server } from 'node:net';

export class AlreadyRunningError extends Error {
  constructor() {
    super('another pshim6 runs in this network namespace');
    this.name = 'AlreadyRunningError';
  }
}

/** An abstract Unix socket: the kernel keeps its name per network namespace and frees it however we end. */
const NAME = '\0pshim6';

/** Throws AlreadyRunningError. The claim holds until the server closes. */
export function claimNamespace(): Promise<Server> {
  return new Promise((done, failed) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(error.code === 'EADDRINUSE' ? new AlreadyRunningError() : error),
    );
    server.listen(NAME, () => done(server));
  });
}
