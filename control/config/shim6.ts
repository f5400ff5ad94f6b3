/** What of the configuration concerns the SHIM6 core. */
import { DEFAULT_SEND_TIMEOUT } from '../reap/index.ts';
import type { Shim6Settings } from '../shim6/settings.ts';
import type { Config } from './schema.ts';

export function shim6Settings({ contexts, reap }: Config): Partial<Shim6Settings> {
  const sendTimeout = reap['send-timeout'];
  return {
    maximumContexts: contexts.capacity,
    maximumForks: contexts.forks,
    keepaliveTimeout: sendTimeout === DEFAULT_SEND_TIMEOUT ? undefined : sendTimeout,
  };
}
