// Rule set × event = matches, over the event's bytes. The cost of an event is one walk, plus the few rules whose
// narrowest condition the walk has seen to hold; it hardly depends on how many rules there are.
import type { SourceMapping } from '../fields/mapping.js';
import { mappedBelow } from '../fields/sources.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import { empty } from './empty.js';
import { FirstLook } from './firstLook.js';
import { Found, Hits } from './found.js';
import { JsonReduction } from './jsonReduction.js';
import { JudgedRecord } from './judgedRecord.js';
import { contextFields, type FieldView, type Match } from './match.js';
import { fieldsReadOnMatch, matchOf } from './matchOf.js';
import { needsOf } from './needs.js';
import { Pace } from './pace.js';
import { StateSet, type Want } from './paths.js';
import { ProgramBuilder } from './program.js';
import { Quarantine } from './quarantine.js';
import { Recognition } from './recognition.js';
import type { RecordKeys } from './recordKeys.js';
import { timeKeys } from './recordTime.js';
import { RecordTree } from './recordTree.js';
import { RecordUnits } from './recordUnits.js';
import { Shapes } from './shapes.js';
import { Sighting } from './sighting.js';
import type { StatefulFields } from './stateful.js';
import { StateMeanings } from './stateMeanings.js';
import { stepOf } from './steps.js';
import type { Candidate, RuleCost, Trial } from './trials.js';
import { ViewIndex } from './viewIndex.js';
import { compileViews, type Views } from './views.js';

export interface EngineOptions {
  /** Source mappings by precedence; none: only ECS events are understood. */
  readonly mappings: readonly SourceMapping[];
  /** Keys that hold records as JSON text, beside those that are always looked into. */
  readonly jsonText?: readonly string[];
  /** Told once of a rule that threw or overran its budget; it is left out from then on (events go on). */
  readonly onQuarantine?: (rule: Rule, cause: unknown) => void;
  /** Shared by the engines of a rule set; absent: the engine's own. */
  readonly quarantine?: Quarantine;
  /**
   * Stateful rules (threshold, new_terms): asked when the query holds, says what this event's match is, or null.
   * Without it those rules never match.
   */
  /** Monotonic ms; with it a rule that overruns its budget again and again is left out. */
  readonly clock?: () => number;
  readonly gate?: (rule: Rule, view: FieldView, nowMs: number) => StatefulFields | null;
}

const noFields: StatefulFields = {};
const none: readonly Rule[] = [];

export class Engine {
  readonly ruleSet: RuleSet;
  /** What the last `match` found: highest risk score first, then rule id, then the record's place. */
  readonly matches: Match[] = [];
  readonly #options: EngineOptions;
  readonly #quarantine: Quarantine;
  readonly #builder: ProgramBuilder;
  readonly #views: Views;
  readonly #states: StateSet;
  readonly #hits = new Hits();
  readonly #found = new Found();
  readonly #shapes: Shapes;
  readonly #recognition: Recognition;
  readonly #firstLook: FirstLook;
  readonly #units: RecordUnits;
  readonly #tree: RecordTree;
  /** Fields that a record does not take from the one around it: its text, and of a list of records the id. */
  readonly #own: { readonly single: ReadonlySet<number>; readonly listed: ReadonlySet<number> };
  readonly #sighting: Sighting;
  readonly #judged: JudgedRecord;
  readonly #candidates: readonly Candidate[];
  readonly #pace: Pace | null;
  /** Of the event under the rules now. */
  #bytes = 0;
  /** Only whether a query holds is asked: exceptions and stateful rules are not, and nothing is put on `matches`. */
  #asking = false;
  #held = false;
  #reduction: JsonReduction | null = null;

  constructor(ruleSet: RuleSet, options: EngineOptions) {
    this.ruleSet = ruleSet;
    this.#options = options;
    this.#pace = options.clock === undefined ? null : new Pace(options.clock);
    this.#quarantine = options.quarantine ?? new Quarantine(options.onQuarantine);
    const builder = new ProgramBuilder(mappedBelow(options.mappings));
    this.#builder = builder;
    const candidates = ruleSet.rules.map(
      (rule): Candidate => ({
        rule,
        program: builder.compile(rule.predicate),
        exceptions: rule.exceptions.map((e) => ({
          step: stepOf(builder.compile(e.predicate), builder.atoms),
          expires: e.expires,
        })),
        candidates: 0,
        timed: 0,
        ms: 0,
      }),
    );
    this.#candidates = candidates;
    // Needs can be on fields and atoms that no condition has as such.
    for (const { program } of candidates) needsOf(program, builder);
    for (const name of contextFields) builder.field(name);
    for (const rule of ruleSet.rules) for (const name of fieldsReadOnMatch(rule)) builder.field(name);
    const text = builder.field('message');
    this.#own = { single: new Set([text]), listed: new Set([text, builder.field('event.id')]) };
    const deep = new Set(builder.atoms.filter((a) => a.kind === 'exists').map((a) => a.field));
    this.#views = compileViews(builder.fields, deep, options.mappings, options.jsonText);
    this.#states = new StateSet(this.#views.wants);
    this.#shapes = new Shapes(this.#found, this.#states, this.#views.firstMark);
    const meanings = new StateMeanings(this.#views, this.#states);
    this.#recognition = new Recognition(this.#views, meanings);
    this.#units = new RecordUnits(this.#views, meanings);
    this.#sighting = new Sighting(builder.fields.length, [...builder.atoms], this.#views, meanings);
    this.#judged = new JudgedRecord(builder, this.#sighting, this.#views);
    this.#firstLook = new FirstLook(
      this.#views,
      meanings,
      this.#recognition,
      (view) => new ViewIndex(candidates, this.#views.views[view]!, builder),
      (field) => this.#sighting.everSeen(field),
    );
    this.#tree = new RecordTree(this.#views, this.#units, {
      view: (hits) => this.#recognition.ofHits(hits),
      walk: (unit, hits) => {
        this.#shapes.over(unit.buf, unit.end);
        if (this.#shapes.walk(unit.pos) < 0) return false;
        this.#takeAll(unit.buf, hits);
        return true;
      },
    });
  }

  /**
   * Judges the record (a msgpack map) at `pos`. Returns the offset past it, or a negative scan code when the bytes
   * before `end` are not one whole value. `matches` holds what was found until the next call.
   */
  match(buf: Buffer, pos: number, end: number, nowMs: number): number {
    empty(this.matches);
    this.#shapes.over(buf, end);
    const next = this.#shapes.walk(pos);
    if (next < 0) return next;
    const view = this.#firstLook.look(this.#found, buf);
    if (view !== -1 && !this.#firstLook.wantsMore) return next;
    this.#bytes = next - pos;
    const hits = this.#hits;
    if (view !== -1) {
      hits.clear();
      hits.take(this.#found, buf);
      this.#judge(buf, pos, hits, view, null, nowMs);
    } else {
      this.#takeAll(buf, hits);
      if (this.#units.any(hits)) this.#judgeTree(buf, pos, hits, nowMs);
      else this.#judgeAll(buf, pos, hits, null, nowMs);
    }
    if (this.matches.length > 1) this.matches.sort(byRisk);
    return next;
  }

  /**
   * Whether some rule's query holds for the whole record (a msgpack map, known to be valid) at `pos`. Changes nothing
   * that rules remember, so that `match` can be asked afterwards.
   */
  mayMatch(buf: Buffer, pos: number, end: number): boolean {
    this.#asking = true;
    this.#held = false;
    try {
      this.match(buf, pos, end, 0);
      return this.#held;
    } finally {
      this.#asking = false;
    }
  }

  /** No record follows at once: the time until the next one is not the rules'. */
  rest(): void {
    this.#pace?.rest();
  }

  /** Where the keys of the record are that was walked last. */
  get keys(): RecordKeys {
    return this.#shapes.keys;
  }

  /** Reads JSON to records with no more in them than `mayMatch` and the event's time need. */
  get jsonReduction(): JsonReduction {
    if (this.#reduction === null) {
      const { wants, marks, slots } = this.#views;
      // What is turned into values as a whole must be there as a whole.
      const wholeSlots = wants.filter((w) => slots[w.slot]?.whole).map((w) => w.slot);
      const times = timeKeys.map(
        (path, i): Want => ({ slot: wants.length + i, path, keys: 'exact', deep: false }),
      );
      const witnesses = wants.filter((w) => w.begins).map((w) => w.slot);
      this.#reduction = new JsonReduction(
        // Any scalar below such a path will do.
        new StateSet([...wants.map((w) => (w.begins ? { ...w, deep: true } : w)), ...times]),
        new Set([...marks.keys(), ...wholeSlots]),
        new Set(witnesses),
        wants.length,
        this.#builder.slow.length > 0,
      );
    }
    return this.#reduction;
  }

  /** The fields that rules read, and whether any event so far had them. */
  fieldsSeen(): { readonly field: string; readonly seen: boolean }[] {
    return this.#builder.fields.map((field, id) => ({ field, seen: this.#sighting.everSeen(id) }));
  }

  /** By rule id. Counted exactly; timed only with a clock. */
  costs(): Map<string, RuleCost> {
    return new Map(
      this.#candidates.map(({ rule, candidates, timed, ms }) => [rule.id, { candidates, timed, ms }]),
    );
  }

  #judgeTree(buf: Buffer, pos: number, hits: Hits, nowMs: number): void {
    const tree = { buf, pos, end: buf.length, path: null, onlyKnown: false, inner: null };
    this.#tree.judge(tree, hits, (record, itsHits) => {
      const before = this.matches.length;
      this.#judgeAll(record.buf, record.pos, itsHits, record.path, nowMs);
      if (this.matches.length === before) return none;
      // A match is read from a state that the next record overwrites.
      const view = this.#judged.keptView();
      const found = this.matches.slice(before).map((m): Match => ({ ...m, view }));
      this.matches.splice(before, found.length, ...found);
      return found.map((m) => m.rule);
    });
  }

  /** Takes what the last walk found, and what is in columns of JSON text. */
  #takeAll(buf: Buffer, hits: Hits): void {
    hits.clear();
    hits.take(this.#found, buf);
    this.#units.jsonColumns(hits, this.#states);
  }

  /** @param path null: the event itself. */
  #judgeAll(buf: Buffer, pos: number, hits: Hits, path: string | null, nowMs: number): void {
    const view = this.#recognition.ofHits(hits);
    this.#firstLook.lookAtAll(hits, view, this.#tree.outers);
    this.#judge(buf, pos, hits, view, path, nowMs);
  }

  /** Tries the rules that the first look has listed. */
  #judge(buf: Buffer, pos: number, hits: Hits, view: number, path: string | null, nowMs: number): void {
    const own = path?.includes('[') ? this.#own.listed : this.#own.single;
    this.#sighting.begin(hits, view, this.#tree.outers, own);
    this.#judged.begin(buf, pos, view);
    const { trials, isNew, unseen } = this.#firstLook;
    if (isNew) this.#sighting.readAll();
    else for (let i = 0; i < unseen.length; i += 1) this.#sighting.read(unseen[i]!);
    if (trials.length === 0) return;
    if (this.#pace?.isClose()) this.#tryClosely(trials, path, nowMs, this.#options.clock!);
    else for (let i = 0; i < trials.length; i += 1) this.#try(trials[i]!, path, nowMs);
  }

  /** Tries each by the clock. */
  #tryClosely(trials: readonly Trial[], path: string | null, nowMs: number, clock: () => number): void {
    let started = clock();
    for (let i = 0; i < trials.length; i += 1) {
      const { candidate } = trials[i]!;
      if (!this.#try(trials[i]!, path, nowMs)) continue;
      const ended = clock();
      if (!this.#asking) {
        candidate.timed += 1;
        candidate.ms += ended - started;
      }
      this.#quarantine.took(candidate.rule, started, ended, this.#bytes);
      started = ended;
    }
  }

  /** False: the rule is left out, or what is around the record matched it already. */
  #try(trial: Trial, path: string | null, nowMs: number): boolean {
    const { candidate } = trial;
    if (this.#quarantine.count > 0 && this.#quarantine.has(candidate.rule)) return false;
    if (this.#tree.matchedAround.size > 0 && this.#tree.matchedAround.has(candidate.rule)) return false;
    trial.tries += 1;
    if (!this.#asking) candidate.candidates += 1;
    this.#attempt(trial, path, nowMs);
    return true;
  }

  #attempt({ candidate, checks }: Trial, path: string | null, nowMs: number): void {
    const judged = this.#judged;
    try {
      if (!judged.allHold(checks)) return;
      if (this.#asking) {
        this.#held = true;
        return;
      }
      for (const e of candidate.exceptions) {
        if ((e.expires === null || nowMs < e.expires) && judged.holds(e.step)) return;
      }
      const { rule } = candidate;
      const view = judged.fieldView();
      const more = rule.type === 'query' ? noFields : (this.#options.gate?.(rule, view, nowMs) ?? null);
      if (more !== null) this.matches.push(matchOf(rule, path, view, this.ruleSet.hash, more));
    } catch (cause) {
      this.#quarantine.add(candidate.rule, cause);
    }
  }
}

function byRisk(a: Match, b: Match): number {
  if (a.riskScore !== b.riskScore) return b.riskScore - a.riskScore;
  return a.rule.id < b.rule.id ? -1 : a.rule.id > b.rule.id ? 1 : 0;
}
