// The form of a record (its view), from the clues among what a walk found, over bytes: nothing is decoded.
import { headerSize, lengthAt } from '../msgpack/scan.js';
import type { Found, Hits } from './found.js';
import { LiteralTable } from './literals.js';
import { holdsScalar, scalarKind, scalarText } from './scalars.js';
import { HAS_CLUE, type StateMeanings } from './stateMeanings.js';
import type { CompiledClue, Views } from './views.js';

interface Clue {
  readonly id: number;
  readonly compiled: CompiledClue;
  /** Of `oneOf`. */
  readonly literals: LiteralTable | null;
  /** Of `endsWith`. */
  readonly ending: Buffer | null;
}

export class Recognition {
  readonly #views: Views;
  readonly #meanings: StateMeanings;
  readonly #cluesBySlot = new Map<number, Clue[]>();
  /** By view: groups of the ids of clues. */
  readonly #groups: readonly (readonly (readonly number[])[])[];
  /** By clue: the record in which it held last. */
  readonly #held: Float64Array;
  #serial = 0;
  /** By state: its clues; whether all of them only ask that there is a value; the record in which one was seen last. */
  readonly #clues: (readonly Clue[])[] = [];
  readonly #isBare: boolean[] = [];
  /** Some of them only asks that. */
  readonly #isAsked: boolean[] = [];
  readonly #seenIn: number[] = [];

  constructor(views: Views, meanings: StateMeanings) {
    this.#views = views;
    this.#meanings = meanings;
    let clues = 0;
    this.#groups = views.views.map((view) =>
      view.clues.map((group) =>
        group.map((compiled) => {
          const id = clues++;
          const made = clueOf(id, compiled);
          const list = this.#cluesBySlot.get(compiled.slot);
          if (list) list.push(made);
          else this.#cluesBySlot.set(compiled.slot, [made]);
          return id;
        }),
      ),
    );
    this.#held = new Float64Array(clues);
  }

  /** The view for a record without JSON columns. */
  ofFound(found: Found, buf: Buffer): number {
    this.#serial += 1;
    return this.#see(found, 0, found.count, buf) ? this.#view() : this.#views.fallback;
  }

  /** The view that a record's form calls for; 0: ECS, or nothing that is known. */
  ofHits(hits: Hits): number {
    this.#meanings.learn();
    this.#serial += 1;
    let any = false;
    let from = 0;
    for (let s = 0; s < hits.sources.length; s += 1) {
      if (this.#see(hits, from, hits.ends[s]!, hits.sources[s]!)) any = true;
      from = hits.ends[s]!;
    }
    return any ? this.#view() : this.#views.fallback;
  }

  /** Whether there was any clue, whether it holds or not. */
  #see(found: Found, from: number, to: number, buf: Buffer): boolean {
    const serial = this.#serial;
    const held = this.#held;
    const { flags } = this.#meanings;
    const { states, positions } = found;
    let any = false;
    for (let i = from; i < to; i += 1) {
      const state = states[i]!;
      if ((flags[state]! & HAS_CLUE) === 0) continue;
      // That there is any value at all need not be seen again.
      if (this.#seenIn[state] === serial && this.#isBare[state]) continue;
      const pos = positions[i]!;
      any = true;
      const clues = this.#clues[state] ?? this.#learn(state);
      if (scalarKind(buf, pos) === null) {
        if (!this.#isAsked[state] || !holdsScalar(buf, pos)) continue;
        for (const clue of clues) if (isBare(clue)) held[clue.id] = serial;
        if (this.#isBare[state]) this.#seenIn[state] = serial;
        continue;
      }
      this.#seenIn[state] = serial;
      for (let c = 0; c < clues.length; c += 1) {
        const clue = clues[c]!;
        if (held[clue.id] !== serial && holds(clue, buf, pos)) held[clue.id] = serial;
      }
    }
    return any;
  }

  #view(): number {
    const held = this.#held;
    const serial = this.#serial;
    const groups = this.#groups;
    for (let v = 1; v < groups.length; v += 1) {
      const ofView = groups[v]!;
      for (let g = 0; g < ofView.length; g += 1) {
        const group = ofView[g]!;
        let i = 0;
        while (i < group.length && held[group[i]!] === serial) i += 1;
        if (i === group.length) return v;
      }
    }
    return 0;
  }

  #learn(state: number): readonly Clue[] {
    const clues = this.#meanings.slots(state).flatMap((slot) => this.#cluesBySlot.get(slot) ?? []);
    this.#clues[state] = clues;
    this.#isBare[state] = clues.every(isBare);
    this.#isAsked[state] = clues.some(isBare);
    return clues;
  }
}

/** It only asks whether there is anything. */
function isBare(clue: Clue): boolean {
  return clue.literals === null && clue.ending === null;
}

function clueOf(id: number, compiled: CompiledClue): Clue {
  const { clue } = compiled;
  let literals: LiteralTable | null = null;
  if ('oneOf' in clue) {
    literals = new LiteralTable();
    for (const text of clue.oneOf) literals.add(text, 0);
  }
  return { id, compiled, literals, ending: 'endsWith' in clue ? Buffer.from(clue.endsWith, 'utf8') : null };
}

function holds(clue: Clue, buf: Buffer, pos: number): boolean {
  const { literals, ending } = clue;
  if (literals === null && ending === null) return true;
  if (scalarKind(buf, pos) !== 'string') return clue.compiled.holds(scalarText(buf, pos));
  const start = pos + headerSize(buf[pos]!);
  const end = start + lengthAt(buf, pos);
  if (literals !== null) return literals.findBytes(buf, start, end) !== -1;
  return (
    end - start >= ending!.length && buf.compare(ending!, 0, ending!.length, end - ending!.length, end) === 0
  );
}
