// Rules to atoms: every distinct test of a field is one atom, shared by all rules that ask it and answered at most
// once an event. Also works out, for each rule, atoms of which one must hold for the rule to match at all.
import type { FieldRef, LeafTest, Predicate } from '../kql/predicate.js';

/** A predicate over atoms. `slow` parts (nested, wildcard field names, bare values) go to the reference evaluator. */
export type Program =
  | { readonly kind: 'all' }
  | { readonly kind: 'atom'; readonly atom: number }
  /** The field is one of several exact texts: any of these atoms. */
  | { readonly kind: 'in'; readonly field: number; readonly atoms: readonly number[] }
  | { readonly kind: 'slow'; readonly index: number }
  | { readonly kind: 'not'; readonly of: Program }
  | { readonly kind: 'and' | 'or'; readonly of: readonly Program[] };

export type Atom =
  | { readonly kind: 'exact'; readonly field: number; readonly test: LeafTest; readonly text: string }
  | { readonly kind: 'test'; readonly field: number; readonly test: LeafTest }
  | { readonly kind: 'exists'; readonly field: number }
  /** The field has a scalar of its own: what every test of a value needs. Only for the index. */
  | { readonly kind: 'present'; readonly field: number };

export class ProgramBuilder {
  readonly fields: string[] = [];
  readonly atoms: Atom[] = [];
  readonly slow: Predicate[] = [];
  readonly #fieldIds = new Map<string, number>();
  readonly #atomIds = new Map<string, number>();
  readonly #testIds = new Map<LeafTest, number>();

  field(name: string): number {
    let id = this.#fieldIds.get(name);
    if (id === undefined) {
      id = this.fields.push(name) - 1;
      this.#fieldIds.set(name, id);
    }
    return id;
  }

  fieldId(name: string): number {
    return this.#fieldIds.get(name) ?? -1;
  }

  compile(p: Predicate): Program {
    switch (p.kind) {
      case 'all':
        return p;
      case 'and':
      case 'or': {
        const parts = p.of
          .map((q) => this.compile(q))
          .flatMap((q): readonly Program[] => (q.kind === p.kind ? q.of : [q]));
        const of = p.kind === 'or' ? this.#gathered(parts) : parts;
        of.sort((a, b) => weight(a, this.atoms) - weight(b, this.atoms));
        return of.length === 1 ? of[0]! : { kind: p.kind, of };
      }
      case 'not':
        return { kind: 'not', of: this.compile(p.of) };
      case 'leaf':
        return p.field.wildcard ? this.#slowly(p) : { kind: 'atom', atom: this.#atom(p.field, p.test) };
      case 'any':
      case 'nested':
        return this.#slowly(p);
    }
  }

  present(field: number): number {
    return this.#intern(`present ${field}`, { kind: 'present', field });
  }

  exists(field: number): number {
    return this.#intern(`exists ${field}`, { kind: 'exists', field });
  }

  /** The exact texts that one field may be, as one condition. */
  #gathered(parts: readonly Program[]): Program[] {
    const byField = new Map<number, number[]>();
    const others: Program[] = [];
    for (const p of parts) {
      const atom = p.kind === 'atom' ? this.atoms[p.atom]! : null;
      const atoms = p.kind === 'in' ? p.atoms : p.kind === 'atom' && atom!.kind === 'exact' ? [p.atom] : null;
      if (atoms === null) {
        others.push(p);
        continue;
      }
      const field = p.kind === 'in' ? p.field : atom!.field;
      byField.set(field, [...(byField.get(field) ?? []), ...atoms]);
    }
    const gathered = [...byField].map(
      ([field, atoms]): Program =>
        atoms.length === 1 ? { kind: 'atom', atom: atoms[0]! } : { kind: 'in', field, atoms },
    );
    return [...gathered, ...others];
  }

  #slowly(p: Predicate): Program {
    return { kind: 'slow', index: this.slow.push(p) - 1 };
  }

  #atom(ref: FieldRef, test: LeafTest): number {
    const field = this.field(ref.name);
    if (test.op === 'exists') return this.exists(field);
    if (test.exact !== null) {
      const text = test.exact;
      return this.#intern(`exact ${field} ${text}`, { kind: 'exact', field, test, text });
    }
    let id = this.#testIds.get(test);
    if (id === undefined) {
      id = this.atoms.push({ kind: 'test', field, test }) - 1;
      this.#testIds.set(test, id);
    }
    return id;
  }

  #intern(name: string, atom: Atom): number {
    let id = this.#atomIds.get(name);
    if (id === undefined) {
      id = this.atoms.push(atom) - 1;
      this.#atomIds.set(name, id);
    }
    return id;
  }
}

/** What answering costs, about: cheapest first inside `and` and `or`. */
export function weight(p: Program, atoms: readonly Atom[]): number {
  switch (p.kind) {
    case 'all':
      return 0;
    case 'atom':
      return atoms[p.atom]!.kind === 'test' ? 8 : 1;
    case 'in':
      return 1;
    case 'not':
      return weight(p.of, atoms) + 1;
    case 'and':
    case 'or':
      return p.of.reduce((sum, q) => sum + weight(q, atoms), 1);
    case 'slow':
      return 100_000;
  }
}

/** What is left of a program where some atoms are known to hold or not, whatever the record; null: not known. */
export function narrowed(p: Program, known: (atom: number) => boolean | null): Program | boolean {
  switch (p.kind) {
    case 'all':
      return true;
    case 'atom':
      return known(p.atom) ?? p;
    case 'in': {
      const answers = p.atoms.map(known);
      if (answers.includes(true)) return true;
      return answers.includes(null) ? p : false;
    }
    case 'not': {
      const of = narrowed(p.of, known);
      return typeof of === 'boolean' ? !of : { kind: 'not', of };
    }
    case 'and':
    case 'or': {
      // What decides the whole: false in `and`, true in `or`.
      const decisive = p.kind === 'or';
      const of: Program[] = [];
      for (const part of p.of) {
        const left = narrowed(part, known);
        if (left === decisive) return decisive;
        if (typeof left !== 'boolean') of.push(left);
      }
      if (of.length === 0) return !decisive;
      return of.length === 1 ? of[0]! : { kind: p.kind, of };
    }
    case 'slow':
      return p;
  }
}

/** Atoms of which at least one holds whenever the rule matches. */
export type Need = readonly number[];

/** A need as a condition. */
export function needAsProgram(need: Need, builder: ProgramBuilder): Program {
  const exact = new Map<number, number[]>();
  const of: Program[] = [];
  for (const id of need) {
    const atom = builder.atoms[id]!;
    if (atom.kind === 'exact') exact.set(atom.field, [...(exact.get(atom.field) ?? []), id]);
    else of.push({ kind: 'atom', atom: id });
  }
  of.unshift(...[...exact].map(([field, atoms]): Program => ({ kind: 'in', field, atoms })));
  return of.length === 1 ? of[0]! : { kind: 'or', of };
}

/** Every need that can be derived; empty when the rule has none (it is then tried on every event). */
export function needsOf(program: Program, builder: ProgramBuilder): Need[] {
  switch (program.kind) {
    case 'atom': {
      const atom = builder.atoms[program.atom]!;
      return [[atom.kind === 'test' ? builder.present(atom.field) : program.atom]];
    }
    case 'in':
      return [program.atoms];
    case 'and':
      return program.of.flatMap((p) => needsOf(p, builder));
    case 'or':
      return eitherOf(
        program.of.map((p) => needsOf(p, builder)),
        builder,
      );
    case 'slow':
      return needsOfSlow(builder.slow[program.index]!, '', builder);
    case 'all':
    case 'not':
      return [];
  }
}

/** What must be there for a condition on objects: the values that it asks for inside the braces. */
function needsOfSlow(p: Predicate, prefix: string, builder: ProgramBuilder): Need[] {
  switch (p.kind) {
    case 'nested':
      return needsOfSlow(p.of, `${prefix}${p.path}.`, builder);
    case 'and':
      return p.of.flatMap((q) => needsOfSlow(q, prefix, builder));
    case 'or':
      return eitherOf(
        p.of.map((q) => needsOfSlow(q, prefix, builder)),
        builder,
      );
    case 'leaf': {
      if (p.field.wildcard) return [];
      const field = builder.field(`${prefix}${p.field.name}`);
      return [[p.test.op === 'exists' ? builder.exists(field) : builder.present(field)]];
    }
    case 'all':
    case 'not':
    case 'any':
      return [];
  }
}

function eitherOf(branches: readonly (readonly Need[])[], builder: ProgramBuilder): Need[] {
  if (branches.length === 0 || branches.some((needs) => needs.length === 0)) return [];
  return [[...new Set(branches.flatMap((needs) => narrowest(needs, builder)))]];
}

/** Fields with few values, which most events of a source share: a need on one of these says little. */
const broadFields = new Set([
  'event.dataset',
  'data_stream.dataset',
  'data_stream.type',
  'event.module',
  'event.kind',
  'event.category',
  'event.type',
  'event.outcome',
  'event.provider',
  'host.os.type',
  'host.os.family',
  'agent.type',
]);

/** A guess at how often an atom holds, for choosing what a rule is indexed under. */
function breadth(atom: Atom, fields: readonly string[]): number {
  switch (atom.kind) {
    case 'exact':
      return broadFields.has(fields[atom.field]!) ? 100 : 1;
    case 'test':
    case 'present':
    case 'exists':
      return 500;
  }
}

/** The need that is likely to hold least often; `shared` says how many rules already hang on an atom. */
export function narrowest(
  needs: readonly Need[],
  builder: ProgramBuilder,
  shared?: ReadonlyMap<number, number>,
): Need {
  let best = needs[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const need of needs) {
    let cost = 0;
    for (const atom of need) {
      cost += breadth(builder.atoms[atom]!, builder.fields) * 1000 + (shared?.get(atom) ?? 0);
    }
    if (cost < least) {
      least = cost;
      best = need;
    }
  }
  return best;
}
