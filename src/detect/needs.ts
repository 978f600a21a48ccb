// What a rule needs: atoms of which one must hold for it to match at all, whatever else holds. The index lives on these.
import type { Predicate } from '../kql/predicate.js';
import type { Atom, Program, ProgramBuilder } from './program.js';

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
      const name = `${prefix}${p.field.name}`;
      return [p.test.op === 'exists' ? builder.existing(name) : [builder.present(builder.field(name))]];
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
