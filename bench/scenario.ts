// What is measured: one scenario, and the sweeps that vary one thing of it at a time.
import { EVENT_BYTES } from './events.js';

export type Mode = 'packed' | 'forward' | 'message';
type Form = 'ecs' | 'raw';

export interface Scenario {
  readonly rules: number;
  /** The n-th event of every n matches; 0: none. */
  readonly every: number;
  readonly eventsPerChunk: number;
  readonly mode: Mode;
  readonly gzip: boolean;
  readonly connections: number;
  /** Chunks sent and not yet acked, over one connection. */
  readonly window: number;
  /** Records as ECS events, or as Azure writes them. */
  readonly form: Form;
  /** Processes of the stage (`workers`); more than one have all cores, one has a core of its own. */
  readonly workers: number;
}

/** 1 MiB chunks, one rule, 0.1 % matches. */
export const base: Scenario = {
  rules: 1,
  every: 1000,
  eventsPerChunk: eventsOf('1m'),
  mode: 'packed',
  gzip: false,
  connections: 1,
  window: 8,
  form: 'ecs',
  workers: 1,
};

/** One dimension each: the values it takes, everything else as in the base. */
export const sweeps: Readonly<Record<string, readonly Partial<Scenario>[]>> = {
  rules: [1, 100, 650, 3000].map((rules) => ({ rules })),
  matches: [0, 1000, 100, 1].map((every) => ({ every })),
  chunk: ['1', '100', '1m', '8m'].map((size) => ({
    eventsPerChunk: eventsOf(size),
    window: size === '1' ? 256 : size === '100' ? 32 : 8,
  })),
  mode: [{ mode: 'packed' }, { mode: 'forward' }, { mode: 'message', eventsPerChunk: 1, window: 256 }],
  gzip: [{ gzip: false }, { gzip: true }],
  connections: [
    ...[1, 8, 64].map((connections) => ({ connections, window: 4 })),
    ...[1, 8, 64].map((connections) => ({
      connections,
      mode: 'message' as const,
      eventsPerChunk: 1,
      window: 64,
    })),
  ],
  window: [1, 4, 16].map((window) => ({ window })),
  form: [{ form: 'ecs' }, { form: 'raw' }],
  // Every event matches: else sender and sink, which have a core together, are what it waits for.
  workers: [1, 2, 4].map((workers) => ({ workers, connections: 8, window: 4, every: 1 })),
};

/** `100` events, or as many as make up `1m` (`64k`, `8m`) bytes. */
export function eventsOf(size: string): number {
  const bytes = /^(\d+)([km])$/.exec(size);
  if (!bytes) return Math.max(1, Number(size));
  return Math.max(1, Math.round((Number(bytes[1]) * (bytes[2] === 'k' ? 2 ** 10 : 2 ** 20)) / EVENT_BYTES));
}

export function nameOf(s: Scenario): string {
  const size =
    s.mode === 'message'
      ? 'message mode'
      : `${s.eventsPerChunk} a chunk${s.mode === 'forward' ? ', forward mode' : ''}`;
  const parts = [
    `${s.rules} ${s.rules === 1 ? 'rule' : 'rules'}`,
    s.every === 0 ? 'no match' : `1 match in ${s.every}`,
    size + (s.gzip ? ', gzip' : ''),
    `${s.connections} × window ${s.window}`,
  ];
  if (s.form === 'raw') parts.push('raw Azure records');
  if (s.workers > 1) parts.push(`${s.workers} workers on all cores`);
  return parts.join('; ');
}
