/** The commands that replace a provider by another. */
import { z } from 'zod';
import type { Renumberer } from '../adapters/renumberer.ts';
import { formatAddress } from '../wire/ipv6/address.ts';
import { type Commands, RefusalError, Stream } from './server.ts';

const schema = z.strictObject({
  from: z.string().min(1),
  to: z.string().min(1),
  /** Seconds. */
  ttl: z.int().min(0).max(604_800).optional(),
});

const checked = (args: unknown): z.output<typeof schema> => {
  const result = schema.safeParse(args);
  if (result.success) return result.data;
  throw new RefusalError(
    result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
  );
};

export function renumberingCommands(renumberer: Renumberer): Commands {
  return {
    'provider-replace-plan': (args) => {
      const { from, to, ttl } = checked(args);
      const plan = renumberer.plan(from, to, ttl);
      const text = (address: Uint8Array | null) => (address === null ? null : formatAddress(address));
      const hosts = plan.hosts.map((host) => ({
        ...host,
        ulid: formatAddress(host.ulid),
        from: text(host.from),
        to: text(host.to),
      }));
      return { ...plan, hosts };
    },
    'provider-replace': (args) => {
      const { from, to, ttl } = checked(args);
      renumberer.replace(from, to, ttl);
      return new Stream((tell) => renumberer.listen(tell));
    },
  };
}
