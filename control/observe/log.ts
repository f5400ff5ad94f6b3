/** The daemon's log. Each line has a stable event name; nothing is logged per packet. */
import winston from 'winston';
import type { Config } from '../config/schema.ts';

/** Event names are part of the interface: operators alert on them. */
export type LogEvent =
  | 'daemon-started'
  | 'daemon-stopping'
  | 'datapath-attached'
  | 'tunnel-mtu'
  | 'mtu-changed'
  | 'mtu-too-large'
  | 'uplink-up'
  | 'uplink-down'
  | 'uplink-no-gateway'
  | 'liveness-source-lost'
  | 'context-failed'
  | 'paths-lost'
  | 'contexts-full'
  | 'kernel-refused'
  | 'netlink-overrun'
  | 'packet-not-sent'
  | 'dns-listening'
  | 'dhcp-listening'
  | 'lease-not-recorded'
  | 'radvd-started'
  | 'radvd-ended'
  | 'store-failed'
  | 'interface-gone'
  | 'interface-not-attached'
  | 'zone-not-updated'
  | 'name-taken'
  | 'renumbering'
  | 'outage-not-kept'
  | 'internal-error';

export interface Log {
  error(event: LogEvent, facts?: object): void;
  warn(event: LogEvent, facts?: object): void;
  info(event: LogEvent, facts?: object): void;
  debug(event: LogEvent, facts?: object): void;
}

export function createLog(settings: Config['log']): Log {
  const { combine, timestamp, printf } = winston.format;
  const line = printf(({ timestamp: time, level, message, ...facts }) => {
    const rest = Object.keys(facts).length > 0 ? ` ${JSON.stringify(facts)}` : '';
    return `${time} ${level} ${message}${rest}`;
  });
  const transport =
    settings.file === undefined
      ? new winston.transports.Stream({ stream: process.stderr })
      : new winston.transports.File({ filename: settings.file });
  return winston.createLogger({
    level: settings.level,
    format: combine(timestamp(), line),
    transports: [transport],
  });
}
