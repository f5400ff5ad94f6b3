export { type EventName, Exploring, InboundOk, Operational, STATE_NAMES, type State } from './behaviour.ts';
export type { Counters } from './counters.ts';
export type { ReapEffect } from './effects.ts';
export type { ContextHistory, ProbeRecord, SwitchRecord } from './history.ts';
export { samePair } from './pair-order.ts';
export { Reap, type ReapOptions } from './reap.ts';
export type { ReceivedProbe } from './received-probe.ts';
export { DEFAULT_SEND_TIMEOUT, DEFAULT_SETTINGS, type ReapSettings, TICK } from './settings.ts';
export type { LocatorPair, Subject, Surroundings } from './subject.ts';
