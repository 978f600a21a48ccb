// When rules are timed one by one. Reading the clock costs as much as a rule: mostly a few events that come together are
// timed together, with all that lies between them, and only when they took longer than one rule may is it found out, over
// the next minute, which rule it is.
import { OVERRUN_WINDOW_MS, RULE_BUDGET_MS } from './quarantine.js';

/** Events at the start whose rules are timed one by one, so that what each costs is known soon; */
const FIRST = 256;
/** and after that one in so many. */
const ONE_IN = 64;
/** Events that are timed together. */
const TOGETHER = 8;

export class Pace {
  readonly #clock: () => number;
  #events = 0;
  /** When the events that are timed together began; null: none did. */
  #began: number | null = null;
  #count = 0;
  #watchUntil = Number.NEGATIVE_INFINITY;

  /** @param clock monotonic ms. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Whether the rules of the next event are timed one by one. */
  isClose(): boolean {
    this.#events += 1;
    if (this.#began === null) this.#began = this.#clock();
    else if (this.#count === TOGETHER) this.#look();
    this.#count += 1;
    return this.#began < this.#watchUntil || this.#events <= FIRST || this.#events % ONE_IN === 0;
  }

  /** No event follows at once: what comes now is no rule's time. */
  rest(): void {
    if (this.#began === null) return;
    this.#look();
    this.#began = null;
  }

  #look(): void {
    const now = this.#clock();
    if (now - this.#began! > RULE_BUDGET_MS) this.#watchUntil = now + OVERRUN_WINDOW_MS;
    this.#began = now;
    this.#count = 0;
  }
}
