/** The SHIM6 protocol core, RFC 5533: see `Shim6`. */
export type { ContextLocator, ContextView, State } from './context.ts';
export { type CounterName, type Counters, counterNames } from './counters.ts';
export type { ControlPacket } from './dispatcher.ts';
export type { Effect, FailureReason } from './effects.ts';
export { ForkedInstanceError } from './initiator.ts';
export { type LocalHost, LocalHostError, type LocalLocator } from './local-host.ts';
export type { PeerLocator } from './peer.ts';
export type { UnrecognizedNextHeader } from './received-error.ts';
export { DEFAULT_SETTINGS, type Shim6Settings } from './settings.ts';
export { Shim6, type Shim6Options } from './shim6.ts';
