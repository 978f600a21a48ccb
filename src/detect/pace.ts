// When rules are timed one by one. Reading the clock costs as much as a rule: mostly all rules of an event are timed
// together, and only when they took too long is it found out, over the next minute, which of them it is.
import { OVERRUN_WINDOW_MS } from './quarantine.js';

/** Events at the start whose rules are timed one by one, so that what each costs is known soon; */
const FIRST = 256;
/** and after that one in so many. */
const ONE_IN = 64;

export class Pace {
  #events = 0;
  #watchUntil = Number.NEGATIVE_INFINITY;

  /** Whether the rules of the next event are timed one by one. @param now ms of the engine's clock. */
  isClose(now: number): boolean {
    this.#events += 1;
    return now < this.#watchUntil || this.#events <= FIRST || this.#events % ONE_IN === 0;
  }

  /** All rules of an event together took longer than one may: the next ones are timed one by one. */
  watch(now: number): void {
    this.#watchUntil = now + OVERRUN_WINDOW_MS;
  }
}
