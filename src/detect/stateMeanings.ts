// What a state of the key automaton means whatever a record's form: whether a value there is a clue to the form, may
// hold records or JSON text, and in which states the values of a slot are. Learned as states come.
import type { StateSet } from './paths.js';
import type { Views } from './views.js';

/** A value here is a clue to the record's form. */
export const HAS_CLUE = 1;
/** Records may lie here. */
export const HAS_MARK = 2;
/** A column that holds JSON text in some view. */
export const HAS_TEXT = 4;
/** Maps and lists are reported here too. */
export const IS_MARKED = 8;

type Column = { readonly column: number; readonly path: string };

export class StateMeanings {
  /** By state. */
  flags = new Uint8Array(64);
  /** By state: the places for records that it marks. */
  readonly marks: (readonly string[])[] = [];
  /** By state: the columns that it is the text of. */
  readonly columns: (readonly Column[])[] = [];
  readonly #views: Views;
  readonly #states: StateSet;
  readonly #ofSlot: number[][];
  #known = 0;

  constructor(views: Views, states: StateSet) {
    this.#views = views;
    this.#states = states;
    this.#ofSlot = views.wants.map(() => []);
    this.learn();
  }

  /** States met so far. */
  get count(): number {
    return this.#known;
  }

  slots(state: number): readonly number[] {
    return this.#states.states[state]!.slots;
  }

  /** The states whose values belong to a slot. */
  ofSlot(slot: number): readonly number[] {
    return this.#ofSlot[slot]!;
  }

  /** To be called after a walk: it may have met new states. */
  learn(): void {
    const { states } = this.#states;
    if (this.#known === states.length) return;
    if (this.flags.length < states.length) {
      const flags = new Uint8Array(states.length * 2);
      flags.set(this.flags);
      this.flags = flags;
    }
    const { clueSlots, firstMark, jsonText, marks } = this.#views;
    for (; this.#known < states.length; this.#known += 1) {
      const state = this.#known;
      const { slots } = states[state]!;
      for (const slot of slots) this.#ofSlot[slot]?.push(state);
      this.marks[state] = slots.flatMap((slot) => marks.get(slot) ?? []);
      this.columns[state] = slots.flatMap((slot) => jsonText.get(slot) ?? []);
      this.flags[state] =
        (slots.some((slot) => clueSlots[slot]) ? HAS_CLUE : 0) |
        (this.marks[state].length > 0 ? HAS_MARK : 0) |
        (this.columns[state].length > 0 ? HAS_TEXT : 0) |
        (slots.some((slot) => slot >= firstMark) ? IS_MARKED : 0);
    }
  }
}
