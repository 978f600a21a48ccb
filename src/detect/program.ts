// Rules to atoms: every distinct test of a field is one atom, shared by all rules that ask it and answered at most
// once an event.
import type { FieldRef, LeafTest, Predicate } from '../kql/predicate.js';
import { anyTest } from './anyTest.js';

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
  readonly #below: (name: string) => readonly string[];

  /** @param below fields below an object's name that some form of records has in other places than below that name. */
  constructor(below: (name: string) => readonly string[] = () => []) {
    this.#below = below;
  }

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
      case 'leaf': {
        if (p.field.wildcard) return this.#slowly(p);
        if (p.test.op !== 'exists') return { kind: 'atom', atom: this.#atom(p.field, p.test) };
        const of = this.existing(p.field.name).map((atom): Program => ({ kind: 'atom', atom }));
        return of.length === 1 ? of[0]! : { kind: 'or', of };
      }
      case 'any':
      case 'nested':
        return this.#slowly(p);
    }
  }

  present(field: number): number {
    return this.#intern(`present ${field}`, { kind: 'present', field });
  }

  /** Of which one holds when the field exists: an object does when anything below it does, wherever that is found. */
  existing(name: string): number[] {
    return [name, ...this.#below(name)].map((n) => {
      const field = this.field(n);
      return this.#intern(`exists ${field}`, { kind: 'exists', field });
    });
  }

  /** Alternatives for one field as one condition: its exact texts, and its other tests. */
  #gathered(parts: readonly Program[]): Program[] {
    const texts = new Map<number, number[]>();
    const tests = new Map<number, number[]>();
    const others: Program[] = [];
    for (const p of parts) {
      const atom = p.kind === 'atom' ? this.atoms[p.atom]! : null;
      if (p.kind === 'in') add(texts, p.field, p.atoms);
      else if (p.kind === 'atom' && atom!.kind === 'exact') add(texts, atom!.field, [p.atom]);
      else if (p.kind === 'atom' && atom!.kind === 'test') add(tests, atom!.field, [p.atom]);
      else others.push(p);
    }
    const among = [...texts].map(
      ([field, atoms]): Program =>
        atoms.length === 1 ? { kind: 'atom', atom: atoms[0]! } : { kind: 'in', field, atoms },
    );
    const tested = [...tests].map(
      ([field, atoms]): Program => ({ kind: 'atom', atom: this.#any(field, atoms) }),
    );
    return [...among, ...tested, ...others];
  }

  #any(field: number, atoms: readonly number[]): number {
    if (atoms.length === 1) return atoms[0]!;
    const tests = atoms.flatMap((id) => {
      const atom = this.atoms[id]!;
      return atom.kind === 'test' ? [atom.test] : [];
    });
    return this.atoms.push({ kind: 'test', field, test: anyTest(tests) }) - 1;
  }

  #slowly(p: Predicate): Program {
    return { kind: 'slow', index: this.slow.push(p) - 1 };
  }

  #atom(ref: FieldRef, test: LeafTest): number {
    const field = this.field(ref.name);
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

function add(to: Map<number, number[]>, field: number, atoms: readonly number[]): void {
  const list = to.get(field);
  if (list) list.push(...atoms);
  else to.set(field, [...atoms]);
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
