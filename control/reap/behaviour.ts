/**
 * The tables of RFC 5534 §6 as the code's table: what each event does in each state. Both timers are one: either the
 * Keepalive Timer or the Send Timer runs, or neither (§6).
 */
import { ReachabilityState } from '../wire/shim6/index.ts';

export type State = (typeof ReachabilityState)[keyof typeof ReachabilityState];
export const { Operational, Exploring, InboundOk } = ReachabilityState;
export const STATE_NAMES = ['Operational', 'Exploring', 'InboundOk'] as const;

/** A bit each, so that a row is one number. */
export const Action = {
  'STOP Send': 1,
  'START Send': 2,
  'RESTART Send': 4,
  'STOP Keepalive': 8,
  'START Keepalive': 16,
  'SEND Keepalive': 32,
  /** With the state that is gone to as its Sta field (§6.1). */
  'SEND Probe': 64,
} as const;
export type ActionName = keyof typeof Action;

export interface Rule {
  readonly actions: number;
  readonly next: State;
}

export interface Row {
  readonly section: string;
  /** By state: Operational, Exploring, InboundOk. */
  readonly rules: readonly [Rule, Rule, Rule];
}

type Cell = readonly [actions: readonly ActionName[], goto?: State];

const nothing: Cell = [[]];

function row(section: string, operational: Cell, exploring: Cell, inboundOk: Cell): Row {
  const rule = ([actions, goto]: Cell, state: State): Rule => ({
    actions: actions.reduce((bits, action) => bits | Action[action], 0),
    next: goto ?? state,
  });
  return {
    section,
    rules: [rule(operational, Operational), rule(exploring, Exploring), rule(inboundOk, InboundOk)],
  };
}

export const behaviour = {
  'incoming payload': row(
    '6.1',
    [['STOP Send', 'START Keepalive']],
    [['SEND Probe', 'START Send'], InboundOk],
    [['STOP Send']],
  ),
  'outgoing payload': row('6.2', [['START Send', 'STOP Keepalive']], nothing, [['START Send']]),
  'Keepalive timeout': row('6.3', [['SEND Keepalive']], nothing, nothing),
  'Send timeout': row('6.4', [['SEND Probe'], Exploring], nothing, [['SEND Probe'], Exploring]),
  /** What the site or the peer tells of the current pair leaves no need to wait for the Send Timer (§4.1). */
  'pair lost': row('4.1', [['SEND Probe'], Exploring], nothing, nothing),
  retransmission: row('6.5', nothing, [['SEND Probe']], [['SEND Probe', 'START Send']]),
  Keepalive: row('6.6', [['STOP Send']], [['SEND Probe', 'START Send'], InboundOk], [['STOP Send']]),
  'Probe Exploring': row(
    '6.7',
    [['SEND Probe', 'STOP Keepalive', 'RESTART Send'], InboundOk],
    [['SEND Probe', 'START Send'], InboundOk],
    [['SEND Probe', 'RESTART Send']],
  ),
  'Probe InboundOk': row(
    '6.8',
    [['SEND Probe', 'RESTART Send', 'STOP Keepalive']],
    [['SEND Probe', 'RESTART Send'], Operational],
    [['SEND Probe', 'RESTART Send'], Operational],
  ),
  'Probe Operational': row(
    '6.9',
    [['STOP Send', 'START Keepalive']],
    [['STOP Send', 'START Keepalive'], Operational],
    [['STOP Send', 'START Keepalive'], Operational],
  ),
} as const satisfies Record<string, Row>;

export type EventName = keyof typeof behaviour;
