// What chunks of an input are made with, and what is found in the one that is being made. One object for all of them: they
// are made one at a time, and with one event a chunk a fresh one each was a third of the garbage that an event made.

import type { AlertDecision } from '../alerts/alerter.js';
import type { InputConfig } from '../config/config.js';
import type { Engine } from '../detect/engine.js';
import type { Match } from '../detect/match.js';
import type { PieceTarget } from '../msgpack/pieces.js';
import type { Alerting, DecidedAlert } from './alerting.js';
import type { Assembly } from './assembly.js';
import type { ChunkDeps } from './chunks.js';
import { taggedAndAlerted } from './detection.js';
import type { EntryEvents, EntryPlace, ScanOptions } from './entries.js';
import type { Accepted } from './intake.js';
import { MatchTally } from './matchTally.js';
import { PartialLines } from './partialLines.js';

export interface WorkDeps {
  readonly stripMetadata: boolean;
  readonly assembly: Assembly;
  readonly alerting: Alerting;
  /** The payload of a compressed frame; null: it cannot be read here. */
  readonly inflate: (accepted: Accepted) => Buffer | null;
  /** A line that came in parts was not ended. @param id of the container that it is from. */
  readonly onIncomplete: (id: string) => void;
}

const noAlerts: readonly DecidedAlert[] = [];

export class ChunkWork implements ChunkDeps, EntryEvents {
  readonly stripMetadata: boolean;
  readonly maxDepth: number;
  readonly maxEntries: number;
  readonly assembly: Assembly;
  readonly join: ScanOptions['join'];
  /** Null: every event of the input is whole. */
  readonly lines: PartialLines | null;
  readonly #deps: WorkDeps;
  #accepted: Accepted | null = null;
  #engine: Engine | null = null;
  nowMs = 0;
  tag = '';
  /** What was found: said only once the chunk is final. */
  readonly matched = new MatchTally();
  invalid: [reason: string, count: number][] = [];
  #alerts: DecidedAlert[] = [];
  /** An event has no alert of its own because an earlier one has: its ack waits until that one is safe. */
  hangsOnOthers = false;

  constructor({ joinPartial, maxDepth, maxEntries }: InputConfig, deps: WorkDeps) {
    this.#deps = deps;
    this.stripMetadata = deps.stripMetadata;
    this.assembly = deps.assembly;
    this.maxDepth = maxDepth;
    this.maxEntries = maxEntries;
    const lines = joinPartial && new PartialLines({ ...joinPartial, onIncomplete: deps.onIncomplete });
    this.lines = lines;
    this.join = lines && ((buf, pos, end) => lines.look(this.tag, buf, pos, end, this.nowMs));
  }

  /** The next chunk: nothing is found in it yet. */
  begin(accepted: Accepted, tag: string, engine: Engine, nowMs: number): void {
    this.#accepted = accepted;
    this.#engine = engine;
    this.tag = tag;
    this.nowMs = nowMs;
    this.matched.clear();
    if (this.invalid.length > 0) this.invalid = [];
    if (this.#alerts.length > 0) this.#alerts = [];
    this.hangsOnOthers = false;
  }

  /** The chunk is made, or cannot be: the frame and what was inflated of it are no longer kept. */
  end(): void {
    this.#accepted = null;
  }

  /** What was decided, in order; it is no longer kept here. */
  takeAlerts(): readonly DecidedAlert[] {
    if (this.#alerts.length === 0) return noAlerts;
    const alerts = this.#alerts;
    this.#alerts = [];
    return alerts;
  }

  get engine(): Engine {
    return this.#engine!;
  }

  get events(): EntryEvents {
    return this;
  }

  /** @throws what `WorkDeps.inflate` does */
  inflate(): Buffer | null {
    return this.#deps.inflate(this.#accepted!);
  }

  onMatch(place: EntryPlace, from: number, into: PieceTarget): boolean {
    const { matches, keys } = this.engine;
    const { alerting } = this.#deps;
    return taggedAndAlerted(
      place,
      this.tag,
      matches,
      alerting,
      this.nowMs,
      this.#alerts,
      this.#onDecided,
      from,
      into,
      keys,
    );
  }

  onInvalid(reason: string, count: number): void {
    this.invalid.push([reason, count]);
  }

  readonly #onDecided = ({ rule, severity }: Match, outcome: AlertDecision['outcome']): void => {
    this.matched.add(rule.id, severity);
    this.hangsOnOthers ||= outcome === 'duplicate' || outcome === 'suppressed';
  };
}
