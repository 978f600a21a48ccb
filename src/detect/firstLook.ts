// The first look at what a walk found: which rules can match the record at all. It probes the few values that rules
// hang on, in the view that the record's form calls for, and nothing else; most records end here.
// It may list a rule that does not match, never leave out one that does: whether it matches is said by its whole query
// (sighting.ts, which reads fields exactly and only when asked).
import { headerSize, lengthAt } from '../msgpack/scan.js';
import type { DerivedLook } from './derivedLook.js';
import { empty } from './empty.js';
import type { Found, Hits } from './found.js';
import type { Recognition } from './recognition.js';
import { looksLikeJson } from './recordUnits.js';
import { scalarKind, scalarText } from './scalars.js';
import { HAS_CLUE, HAS_MARK, HAS_TEXT, type StateMeanings } from './stateMeanings.js';
import type { Trial } from './trials.js';
import type { FieldIndex, ViewIndex } from './viewIndex.js';
import type { Views } from './views.js';

/** What a value in a state asks for in a view. */
interface Ask {
  /** Hang on there being any value. */
  readonly any: readonly Trial[];
  /** Hang on what the value is. */
  readonly probes: readonly FieldIndex[];
  readonly inputs: readonly { readonly look: DerivedLook; readonly group: number }[];
  /** Hang on a field that is made of a map or list here too. */
  readonly whole: readonly Trial[];
  /** Some field is made of what is here, a map or list too. */
  readonly isWhole: boolean;
  /** Fields that a mapping makes of what is here and that no record had yet: of the first value it may make nothing. */
  unseen: readonly number[];
}

/** Seen, and asking for nothing. */
const NOTHING = 1;
/** Seen, and asking for something. */
const ASKS = 2;
/** Only something else than a scalar was seen yet, and it asked for nothing. */
const NO_SCALAR = 3;

/** Records for which some rule was tried, after which rules are hung where they are tried less. */
const FIRST_REHANG = 256;

const hasClue = HAS_CLUE;
const hasMark = HAS_MARK;
const hasText = HAS_TEXT;

export class FirstLook {
  /** The rules to be tried on the last record, each once. */
  readonly trials: Trial[] = [];
  /** A value was seen where none was seen before: all fields of the record are worth reading. */
  isNew = false;
  /** Fields that a mapping may make of this record and that no record had yet: worth reading too. */
  readonly unseen: number[] = [];
  readonly #views: Views;
  readonly #meanings: StateMeanings;
  readonly #recognition: Recognition;
  readonly #indexOf: (view: number) => ViewIndex;
  readonly #everSeen: (field: number) => boolean;
  readonly #indexes: (ViewIndex | undefined)[];
  /** By view: records for which some rule was tried, and at how many of them rules are hung anew. */
  readonly #looks: number[];
  readonly #rehangAt: number[];
  /** By state and view. */
  #known = new Uint8Array(0);
  readonly #asks: Ask[] = [];
  readonly #asksAround: (Ask | undefined)[] = [];
  #serial = 0;

  /**
   * @param indexOf made once a view, when it is first asked for.
   * @param everSeen whether a field had a value in any record that was read.
   */
  constructor(
    views: Views,
    meanings: StateMeanings,
    recognition: Recognition,
    indexOf: (view: number) => ViewIndex,
    everSeen: (field: number) => boolean,
  ) {
    this.#views = views;
    this.#meanings = meanings;
    this.#recognition = recognition;
    this.#indexOf = indexOf;
    this.#everSeen = everSeen;
    this.#indexes = views.views.map(() => undefined);
    this.#looks = views.views.map(() => 0);
    this.#rehangAt = views.views.map(() => FIRST_REHANG);
  }

  /**
   * The view of the record in `buf`, with `trials` for it; -1 when there may be records or JSON text in it, so that
   * what was found is not all.
   */
  look(found: Found, buf: Buffer): number {
    const meanings = this.#meanings;
    meanings.learn();
    const { flags } = meanings;
    const { count, states, positions } = found;
    let clue = false;
    for (let i = 0; i < count; i += 1) {
      const flag = flags[states[i]!]!;
      if (flag === 0) continue;
      if ((flag & hasMark) !== 0 && mayHoldRecords(buf, positions[i]!)) return -1;
      if ((flag & hasText) !== 0 && looksLikeJson(buf, positions[i]!)) return -1;
      if ((flag & hasClue) !== 0) clue = true;
    }
    const view = clue ? this.#recognition.ofFound(found, buf) : this.#views.fallback;
    const index = this.#begin(view);
    this.#see(found, 0, count, buf, view, index);
    this.#end(view, index);
    return view;
  }

  /** The trials for a record of this view, from all that was found of it and around it. */
  lookAtAll(hits: Hits, view: number, outers: readonly Hits[]): void {
    this.#meanings.learn();
    const index = this.#begin(view);
    this.#seeAll(hits, view, index, false);
    // Of the records around it the ECS fields count.
    for (let o = 0; o < outers.length; o += 1) this.#seeAll(outers[o]!, view, index, true);
    this.#end(view, index);
  }

  /** Whether the record is to be looked at closer. */
  get wantsMore(): boolean {
    return this.trials.length > 0 || this.isNew || this.unseen.length > 0;
  }

  #begin(view: number): ViewIndex {
    this.#serial += 1;
    empty(this.trials);
    empty(this.unseen);
    this.isNew = false;
    const views = this.#indexes.length;
    if (this.#known.length < this.#meanings.count * views) {
      const known = new Uint8Array(this.#meanings.count * views * 2);
      known.set(this.#known);
      this.#known = known;
    }
    let index = this.#indexes[view];
    if (index === undefined) {
      index = this.#indexOf(view);
      this.#indexes[view] = index;
    }
    const { always, derived } = index;
    for (let i = 0; i < always.length; i += 1) this.trials.push(always[i]!);
    if (index.unseen.length > 0) index.unseen = this.#stillUnseen(index.unseen);
    for (let d = 0; d < derived.length; d += 1) derived[d]!.begin();
    return index;
  }

  #end(view: number, index: ViewIndex): void {
    const { derived } = index;
    for (let d = 0; d < derived.length; d += 1) this.#list(derived[d]!.trials());
    if (this.trials.length === 0) return;
    const looks = this.#looks[view]! + 1;
    this.#looks[view] = looks;
    if (looks < this.#rehangAt[view]!) return;
    // Less and less often: traffic is known by then.
    this.#rehangAt[view] = looks * 2;
    this.#looks[view] = 0;
    if (index.rehang(looks)) this.#forget(view);
  }

  /** What values mean in a view is learned anew. */
  #forget(view: number): void {
    const views = this.#indexes.length;
    for (let at = view; at < this.#known.length; at += views) this.#known[at] = 0;
    for (let at = view; at < this.#asksAround.length; at += views) this.#asksAround[at] = undefined;
  }

  #seeAll(hits: Hits, view: number, index: ViewIndex, around: boolean): void {
    let from = 0;
    for (let s = 0; s < hits.sources.length; s += 1) {
      const column = hits.columns[s]!;
      const to = hits.ends[s]!;
      if (around) {
        if (column === -1) this.#seeAround(hits, from, to, hits.sources[s]!, view, index);
      } else if (column === -1 || this.#views.columns[view]!.has(column)) {
        this.#see(hits, from, to, hits.sources[s]!, view, index);
      }
      from = to;
    }
  }

  #see(found: Found, from: number, to: number, buf: Buffer, view: number, index: ViewIndex): void {
    const { states, positions } = found;
    const views = this.#indexes.length;
    const known = this.#known;
    for (let i = from; i < to; i += 1) {
      const at = states[i]! * views + view;
      const what = known[at]!;
      if (what === NOTHING) continue;
      const pos = positions[i]!;
      if (what === ASKS) {
        const ask = this.#asks[at]!;
        if (ask.unseen.length > 0) {
          ask.unseen = this.#stillUnseen(ask.unseen);
          if (!asksForMore(ask)) known[at] = NOTHING;
        }
        this.#ask(ask, buf, pos);
        continue;
      }
      const isScalar = scalarKind(buf, pos) !== null;
      // Where a map means nothing the state is learned once more, with the first scalar there.
      if (what === NO_SCALAR && !isScalar) continue;
      const ask = this.#learn(states[i]!, view, index, false);
      const asks = asksForMore(ask);
      this.#asks[at] = ask;
      if (isScalar || ask.isWhole) {
        this.isNew = true;
        known[at] = asks ? ASKS : NOTHING;
      } else known[at] = NO_SCALAR;
      if (asks) this.#ask(ask, buf, pos);
    }
  }

  #ask(ask: Ask, buf: Buffer, pos: number): void {
    const kind = scalarKind(buf, pos);
    if (kind === null) {
      if (ask.whole.length > 0) this.#list(ask.whole);
      return;
    }
    if (ask.any.length > 0) this.#list(ask.any);
    if (ask.whole.length > 0) this.#list(ask.whole);
    const { probes, inputs } = ask;
    for (let p = 0; p < probes.length; p += 1) {
      const index = probes[p]!;
      if (kind === 'string') {
        const start = pos + headerSize(buf[pos]!);
        const place = index.plan.literals.findBytes(buf, start, start + lengthAt(buf, pos));
        if (place !== -1) this.#list(index.lists[place]!);
      } else if (index.plan.isLoose) {
        const places = index.plan.looseAtoms(scalarText(buf, pos), kind);
        for (let n = 0; n < places.length; n += 1) this.#list(index.lists[places[n]!]!);
      }
    }
    for (let n = 0; n < inputs.length; n += 1) inputs[n]!.look.add(inputs[n]!.group, buf, pos);
  }

  /** Values of a record around it: those spelled in ECS can stand in for what the record lacks. */
  #seeAround(hits: Hits, from: number, to: number, buf: Buffer, view: number, index: ViewIndex): void {
    for (let i = from; i < to; i += 1) {
      const at = hits.states[i]! * this.#indexes.length + view;
      let ask = this.#asksAround[at];
      if (ask === undefined) {
        ask = this.#learn(hits.states[i]!, view, index, true);
        this.#asksAround[at] = ask;
        this.isNew = true;
      }
      this.#ask(ask, buf, hits.positions[i]!);
    }
  }

  /** Those of some fields that no record had yet; they are read of this one. */
  #stillUnseen(fields: readonly number[]): readonly number[] {
    const left = fields.filter((field) => !this.#everSeen(field));
    this.unseen.push(...left);
    return left;
  }

  #list(trials: readonly Trial[]): void {
    const serial = this.#serial;
    for (let i = 0; i < trials.length; i += 1) {
      const trial = trials[i]!;
      if (trial.listed === serial) continue;
      trial.listed = serial;
      this.trials.push(trial);
    }
  }

  /** What a value in `state` can mean for a record read by `view`: one of its own, or of a record around it. */
  #learn(state: number, view: number, index: ViewIndex, around: boolean): Ask {
    const { slots, views } = this.#views;
    const { sources } = views[view]!;
    const any = new Set<Trial>();
    const whole = new Set<Trial>();
    const probes = new Set<FieldIndex>();
    const inputs: Ask['inputs'][number][] = [];
    const made = new Set<number>();
    let isWhole = false;
    for (const slot of this.#meanings.slots(state)) {
      const meaning = slots[slot];
      if (!meaning) continue;
      if (around ? meaning.view !== 0 : meaning.view !== view && meaning.view !== 0) continue;
      if (meaning.derived || meaning.whole) made.add(meaning.field);
      if (meaning.derived) {
        for (const look of index.derived) {
          const group = look.input(slot);
          if (group !== -1) inputs.push({ look, group });
        }
        continue;
      }
      if (!around && view !== 0 && meaning.view === 0 && sources[meaning.field] === null) continue;
      if (meaning.whole) isWhole = true;
      const field = index.field(meaning.field);
      if (!field) continue;
      if (meaning.whole) for (const trial of field.all) whole.add(trial);
      else if (meaning.deep) for (const trial of field.exists) any.add(trial);
      else {
        for (const trial of field.present) any.add(trial);
        // Not every path is looked below (views.ts).
        for (const trial of field.exists) any.add(trial);
        if (field.plan.literals.size > 0) probes.add(field);
      }
    }
    return { any: [...any], whole: [...whole], probes: [...probes], inputs, isWhole, unseen: [...made] };
  }
}

function asksForMore({ any, probes, inputs, whole, unseen }: Ask): boolean {
  return any.length + probes.length + inputs.length + whole.length + unseen.length > 0;
}

/** Whether records, or a column of JSON text, may lie at a mark. */
function mayHoldRecords(buf: Buffer, pos: number): boolean {
  const b = buf[pos]!;
  return (b >= 0x80 && b <= 0x9f) || (b >= 0xdc && b <= 0xdf) || looksLikeJson(buf, pos);
}
