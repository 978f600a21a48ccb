// The record under the rules now: asks steps of what was sighted of it, and what they need of its plain values.
import { ecsRecord } from '../fields/ecsRecord.js';
import { mappedValues } from '../fields/view.js';
import { evaluate, fieldValues } from '../kql/evaluate.js';
import { decode } from '../msgpack/decode.js';
import { type FieldView, viewOf } from './match.js';
import type { ProgramBuilder } from './program.js';
import type { Sighting } from './sighting.js';
import { placeOf } from './slowPlace.js';
import { AND, EXACT, IN, NOT, OR, PRESENT, SLOW, type Step, TEST } from './steps.js';
import { failed, type Trial } from './trials.js';
import type { Views } from './views.js';

// V8 takes a module's own constants as constants.
const exact = EXACT;
const among = IN;
const present = PRESENT;
const test = TEST;
const not = NOT;
const and = AND;
const or = OR;
const slow = SLOW;

export class JudgedRecord {
  readonly #builder: ProgramBuilder;
  readonly #sighting: Sighting;
  readonly #views: Views;
  #buf: Buffer = Buffer.alloc(0);
  #pos = 0;
  #view = 0;
  #decoded: unknown;
  /** By view, made when it is first asked for. */
  readonly #fieldViews: (FieldView | undefined)[] = [];
  /** By the place that a condition looks at. */
  readonly #ecs = new Map<string, unknown>();

  constructor(builder: ProgramBuilder, sighting: Sighting, views: Views) {
    this.#builder = builder;
    this.#sighting = sighting;
    this.#views = views;
  }

  /** The record at `pos`, which the sighting was begun with. */
  begin(buf: Buffer, pos: number, view: number): void {
    this.#buf = buf;
    this.#pos = pos;
    this.#view = view;
    this.#decoded = undefined;
    if (this.#ecs.size > 0) this.#ecs.clear();
  }

  allHold(checks: Trial['checks']): boolean {
    for (let i = 0; i < checks.length; i += 1) {
      if (this.holds(checks[i]!.step)) continue;
      failed(checks, i);
      return false;
    }
    return true;
  }

  holds({ op, id, field, atoms, of }: Step): boolean {
    switch (op) {
      case exact:
        return this.#sighting.holdsExact(field, id);
      case among:
        return this.#sighting.holdsAny(field, atoms);
      case present:
        return this.#sighting.hasValue(field);
      case test:
        return this.#sighting.holds(id);
      case not:
        return !this.holds(of[0]!);
      case and:
        for (let i = 0; i < of.length; i += 1) if (!this.holds(of[i]!)) return false;
        return true;
      case or:
        for (let i = 0; i < of.length; i += 1) if (this.holds(of[i]!)) return true;
        return false;
      case slow: {
        const condition = this.#builder.slow[id]!;
        return evaluate(condition, this.#asEcs(placeOf(condition)));
      }
      default:
        return true;
    }
  }

  /** Of whatever record is under the rules when it is asked. */
  fieldView(): FieldView {
    let fieldView = this.#fieldViews[this.#view];
    if (fieldView === undefined) {
      fieldView = this.#fieldViewOf(this.#view);
      this.#fieldViews[this.#view] = fieldView;
    }
    return fieldView;
  }

  #fieldViewOf(view: number): FieldView {
    const { mapping } = this.#views.views[view]!;
    return {
      mapping: mapping?.name ?? null,
      values: (name) => {
        const field = this.#builder.fieldId(name);
        if (field !== -1) return this.#sighting.values(field);
        const values = mapping
          ? mappedValues(this.#plain(), mapping, name)
          : fieldValues(this.#plain(), name);
        return values.map((v) => v.text);
      },
      place: (name) => {
        const field = this.#builder.fieldId(name);
        return field === -1 ? null : this.#sighting.place(field);
      },
    };
  }

  /** The same with the values of all fields that rules read, for as long as somebody holds it. */
  keptView(): FieldView {
    const { mapping } = this.#views.views[this.#view]!;
    const kept = new Map<string, readonly string[]>();
    this.#builder.fields.forEach((name, field) => {
      if (this.#sighting.hasValue(field)) kept.set(name, this.#sighting.values(field));
    });
    return viewOf((name) => kept.get(name) ?? [], mapping?.name ?? null);
  }

  #plain(): unknown {
    this.#decoded ??= decode(this.#buf, { pos: this.#pos });
    return this.#decoded;
  }

  /** What lies at paths that begin with `place`, objects and all, in the spelling that rules know. */
  #asEcs(place: string): unknown {
    const { mapping } = this.#views.views[this.#view]!;
    if (!mapping) return this.#plain();
    let ecs = this.#ecs.get(place);
    if (ecs === undefined) {
      ecs = ecsRecord(this.#plain(), mapping, place);
      this.#ecs.set(place, ecs);
    }
    return ecs;
  }
}
