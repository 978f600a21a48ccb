// The first look at what a walk found: whether the record can match any rule at all. It probes the few values that
// rules are indexed under, in the view that the record's form calls for, and nothing else; most records end here.
// It may say yes to a record that no rule matches, never no to one that some rule does: then, and whenever a field is
// seen for the first time, the record is judged in full (sighting.ts, its slow twin).
import { headerSize, kindOf, lengthAt } from '../msgpack/scan.js';
import { DerivedLook } from './derivedLook.js';
import type { Found } from './found.js';
import { LiteralTable } from './literals.js';
import type { StateSet } from './paths.js';
import type { Atom } from './program.js';
import { looksLikeJson } from './recordUnits.js';
import { scalarKind, scalarText } from './scalars.js';
import { type FieldPlan, planFields } from './sighting.js';
import type { CompiledClue, Views } from './views.js';

/** What a value means, by state and view. */
const UNKNOWN = 0;
const NOTHING = 1;
const JUDGE = 2;
const PROBE = 3;

/** What a state may hold besides, in any view. */
const HAS_CLUE = 1;
const HAS_MARK = 2;
/** A column that holds JSON text in some view, and nothing else that is marked. */
const HAS_TEXT = 4;

interface Clue {
  readonly id: number;
  readonly compiled: CompiledClue;
  /** Of `oneOf`. */
  readonly literals: LiteralTable | null;
  /** Of `endsWith`. */
  readonly ending: Buffer | null;
}

interface Probe {
  readonly literals: LiteralTable;
  /** Some literal could be the text of a number or boolean. */
  readonly loose: boolean;
}

export class FirstLook {
  readonly #views: Views;
  readonly #states: StateSet;
  /** By field: those atoms only that rules are indexed under. */
  readonly #indexed: readonly FieldPlan[];
  /** View to whether its own values list a rule for every record. */
  readonly #always: readonly boolean[];
  /** By view: the derived fields that rules are indexed under. */
  readonly #derived: readonly (readonly DerivedLook[])[];
  readonly #cluesBySlot = new Map<number, Clue[]>();
  readonly #clueIds: readonly (readonly (readonly number[])[])[];
  readonly #held: Float64Array;
  #serial = 0;
  /** By state. */
  #known = 0;
  #flags = new Uint8Array(64);
  readonly #clues: (readonly Clue[])[] = [];
  /** All of them only ask whether there is a value; and the record in which one was seen last. */
  readonly #isBare: boolean[] = [];
  readonly #seenIn: number[] = [];
  /** By state and view. */
  #meanings = new Uint8Array(0);
  readonly #probes: (readonly Probe[])[] = [];
  /** What a value that is no scalar means, for states and views where no scalar was seen. */
  #noScalar = new Uint8Array(0);
  readonly #inputs: (readonly { readonly look: DerivedLook; readonly group: number }[])[] = [];

  /** @param isIndexed whether some rule hangs on an atom. */
  constructor(
    fields: number,
    atoms: readonly Atom[],
    views: Views,
    states: StateSet,
    isIndexed: (atom: number) => boolean,
  ) {
    this.#views = views;
    this.#states = states;
    this.#indexed = planFields(fields, atoms, isIndexed);
    let clues = 0;
    this.#clueIds = views.views.map((view) =>
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
    this.#always = views.views.map((view) =>
      view.constants.some((c) => c.values.some((value) => isAsked(this.#indexed[c.field]!, value.text))),
    );
    this.#derived = views.views.map((view) =>
      view.derived
        .filter((d) => isAsked(this.#indexed[d.field]!, null))
        .map((d) => new DerivedLook(d, this.#indexed[d.field]!)),
    );
  }

  /** Whether the record in `buf` must be judged. */
  look(found: Found, buf: Buffer): boolean {
    if (this.#known < this.#states.states.length) this.#learnStates();
    const { count, states, positions } = found;
    const flags = this.#flags;
    let clue = false;
    for (let i = 0; i < count; i += 1) {
      const flag = flags[states[i]!]!;
      if (flag === 0) continue;
      if ((flag & HAS_MARK) !== 0 && mayHoldRecords(buf, positions[i]!)) return true;
      if ((flag & HAS_TEXT) !== 0 && looksLikeJson(buf, positions[i]!)) return true;
      if ((flag & HAS_CLUE) !== 0) clue = true;
    }
    const view = clue ? this.#recognise(found, buf) : this.#views.fallback;
    if (this.#always[view]) return true;
    const views = this.#always.length;
    const meanings = this.#meanings;
    const derived = this.#derived[view]!;
    for (let d = 0; d < derived.length; d += 1) derived[d]!.begin();
    let judge = false;
    for (let i = 0; i < count; i += 1) {
      const at = states[i]! * views + view;
      const meaning = meanings[at]!;
      if (meaning === NOTHING) continue;
      const pos = positions[i]!;
      if (meaning === UNKNOWN) {
        // The field is seen for the first time. The rest is looked at all the same: each state is new only once.
        if (scalarKind(buf, pos) !== null) {
          this.#learn(states[i]!, view);
          judge = true;
        } else if (this.#mayMeanMore(at)) judge = true;
      } else if (meaning === JUDGE) {
        judge = true;
      } else if (!judge) {
        judge = this.#probe(this.#probes[at]!, buf, pos);
        for (const { look, group } of this.#inputs[at]!) look.add(group, buf, pos);
      }
    }
    for (let d = 0; d < derived.length && !judge; d += 1) {
      const look = derived[d]!;
      judge = look.holds(found, buf, (state) =>
        (this.#inputs[state * views + view] ?? []).filter((i) => i.look === look).map((i) => i.group),
      );
    }
    return judge;
  }

  /**
   * Whether a record must be judged for a map, an array or nil where no scalar was seen yet. Where it means nothing it
   * stays unlearned, so that the first scalar there is seen; raw records have such a map in every event.
   */
  #mayMeanMore(at: number): boolean {
    let known = this.#noScalar[at]!;
    if (known === UNKNOWN) {
      const views = this.#always.length;
      this.#learn(Math.floor(at / views), at % views);
      known = this.#meanings[at] === JUDGE ? JUDGE : NOTHING;
      this.#meanings[at] = UNKNOWN;
      this.#noScalar[at] = known;
    }
    return known === JUDGE;
  }

  #probe(probes: readonly Probe[], buf: Buffer, pos: number): boolean {
    const b = buf[pos]!;
    const head = headerSize(b);
    for (let i = 0; i < probes.length; i += 1) {
      const { literals, loose } = probes[i]!;
      if (head === 0) {
        if (loose) return true;
      } else if (b >= 0xa0) {
        const start = pos + head;
        if (literals.findBytes(buf, start, start + lengthAt(buf, pos)) !== -1) return true;
      }
    }
    return false;
  }

  /** The view for the record's form, as Sighting has it, from bytes. */
  #recognise(found: Found, buf: Buffer): number {
    this.#serial += 1;
    const serial = this.#serial;
    const held = this.#held;
    for (let i = 0; i < found.count; i += 1) {
      const state = found.states[i]!;
      if ((this.#flags[state]! & HAS_CLUE) === 0) continue;
      // That there is any value at all need not be seen again: most of a record lies below such a clue.
      if (this.#seenIn[state] === serial && this.#isBare[state]) continue;
      const pos = found.positions[i]!;
      if (scalarKind(buf, pos) === null) continue;
      this.#seenIn[state] = serial;
      for (const clue of this.#clues[state]!) {
        if (held[clue.id] !== serial && holds(clue, buf, pos)) held[clue.id] = serial;
      }
    }
    const ids = this.#clueIds;
    for (let v = 1; v < ids.length; v += 1) {
      for (const group of ids[v]!) {
        let all = true;
        for (let i = 0; i < group.length; i += 1) if (held[group[i]!] !== serial) all = false;
        if (all) return v;
      }
    }
    return 0;
  }

  #learnStates(): void {
    const { states } = this.#states;
    const views = this.#always.length;
    const { firstMark, jsonText } = this.#views;
    while (this.#flags.length < states.length) this.#flags = wider(this.#flags);
    while (this.#meanings.length < this.#flags.length * views)
      this.#meanings = grown(this.#meanings, this.#flags.length * views);
    if (this.#noScalar.length < this.#meanings.length)
      this.#noScalar = grown(this.#noScalar, this.#meanings.length);
    for (; this.#known < states.length; this.#known += 1) {
      const { slots } = states[this.#known]!;
      const clues = slots.flatMap((slot) => this.#cluesBySlot.get(slot) ?? []);
      this.#clues[this.#known] = clues;
      this.#isBare[this.#known] = clues.every((c) => c.literals === null && c.ending === null);
      this.#seenIn[this.#known] = 0;
      const marked = slots.some((slot) => slot >= firstMark && !jsonText.has(slot));
      const text = slots.some((slot) => jsonText.has(slot));
      this.#flags[this.#known] =
        (clues.length > 0 ? HAS_CLUE : 0) | (marked ? HAS_MARK : 0) | (text ? HAS_TEXT : 0);
    }
  }

  /** What a value in `state` can mean for a record read by `view`. */
  #learn(state: number, view: number): void {
    const { slots, views } = this.#views;
    const { sources } = views[view]!;
    const probes: Probe[] = [];
    const inputs: { look: DerivedLook; group: number }[] = [];
    let judge = false;
    for (const slot of this.#states.states[state]!.slots) {
      const meaning = slots[slot];
      if (meaning?.derived && meaning.view === view) {
        for (const look of this.#derived[view]!) {
          const group = look.input(slot);
          if (group !== -1) inputs.push({ look, group });
        }
      }
      if (!meaning || meaning.derived || (meaning.view !== view && meaning.view !== 0)) continue;
      if (view !== 0 && meaning.view === 0 && sources[meaning.field] === null) continue;
      const plan = this.#indexed[meaning.field]!;
      if (meaning.whole && isAsked(plan, null)) judge = true;
      if (meaning.deep) {
        if (plan.exists !== -1) judge = true;
        continue;
      }
      if (plan.present !== -1) judge = true;
      const loose = plan.loose.length > 0;
      if (plan.literals.size > 0 || loose) probes.push({ literals: plan.literals, loose });
    }
    const at = state * this.#always.length + view;
    this.#meanings[at] = judge ? JUDGE : probes.length + inputs.length > 0 ? PROBE : NOTHING;
    this.#probes[at] = probes;
    this.#inputs[at] = inputs;
  }
}

/** Whether a rule is indexed under the field having this value; null: whatever it is. */
function isAsked(plan: FieldPlan, text: string | null): boolean {
  if (plan.present !== -1 || plan.exists !== -1) return true;
  return text === null ? plan.literals.size > 0 : plan.literals.findText(text) !== -1;
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
  const kind = scalarKind(buf, pos);
  if (kind === null) return false;
  const { literals, ending } = clue;
  if (literals === null && ending === null) return true;
  if (kind !== 'string') return clue.compiled.holds(scalarText(buf, pos));
  const start = pos + headerSize(buf[pos]!);
  const end = start + lengthAt(buf, pos);
  if (literals !== null) return literals.findBytes(buf, start, end) !== -1;
  return (
    end - start >= ending!.length && buf.compare(ending!, 0, ending!.length, end - ending!.length, end) === 0
  );
}

/** Whether records, or a column of JSON text, may lie at a mark. */
function mayHoldRecords(buf: Buffer, pos: number): boolean {
  switch (kindOf(buf[pos]!)) {
    case 'array':
    case 'map':
      return true;
    default:
      return looksLikeJson(buf, pos);
  }
}

function wider(a: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return grown(a, a.length * 2);
}

function grown(a: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const b = new Uint8Array(length);
  b.set(a);
  return b;
}
