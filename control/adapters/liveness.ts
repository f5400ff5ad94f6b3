/** Starts the sources of liveness that the configuration names, and hands their reports to the uplinks. */
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';
import { BfdSessions, type Report, type WatchedSession } from '../site/liveness/bfd-sessions.ts';
import { BfddClient } from './bfdd-client.ts';

export interface LivenessOptions {
  readonly config: Config;
  readonly log: Log;
  readonly report: Report;
}

export interface Liveness {
  close(): void;
}

/** Reports come from the event loop, until it is closed. */
export function startLiveness(options: LivenessOptions): Liveness {
  const sources = [...bfddClients(options)];
  return {
    close: () => {
      for (const source of sources) source.close();
    },
  };
}

/** One client for each control socket, with all sessions that are to be had there. */
function* bfddClients({ config, log, report }: LivenessOptions): Generator<BfddClient> {
  const sockets = new Map<string, WatchedSession[]>();
  for (const [uplink, { interface: name, gateway, liveness }] of config.providers.entries()) {
    if (liveness.bfd === undefined) continue;
    const { socket, peer = gateway } = liveness.bfd;
    sockets.set(socket, [...(sockets.get(socket) ?? []), { uplink, peer, interface: name }]);
  }
  for (const [socket, watched] of sockets)
    yield new BfddClient(socket, new BfdSessions(watched, report), log);
}
