// `fluent-detect rules explain RULE EVENT`: why a rule matches an event or not, node by node of its query and of the
// exceptions that hold, with the values that each condition saw.
import { type Explanation, explain, type Seen } from '../kql/evaluate.js';
import type { Rule, RuleException } from '../rules/rule.js';
import type { CommandIo, ExitStatus } from './io.js';
import { formsOf, oneEvent } from './oneEvent.js';
import { loadForCommand, type RulesFlags } from './rulesFlags.js';

interface Explained {
  readonly path: string | null;
  readonly mapping: string | null;
  readonly query: Explanation;
  /** The exceptions that hold: with one of them the event is no match. */
  readonly exceptions: readonly { readonly exception: RuleException; readonly why: Explanation }[];
  readonly matched: boolean;
}

export function rulesExplain(ruleId: string, path: string, flags: RulesFlags, io: CommandIo): ExitStatus {
  const loaded = loadForCommand([], flags, io);
  const event = loaded && oneEvent(path, io);
  if (!loaded || !event) return 2;
  const { rules, disabled, hash } = loaded.ruleSet;
  const rule = [...rules, ...disabled].find((r) => r.id === ruleId || r.name === ruleId);
  if (!rule) {
    const left = loaded.ruleSet.unsupported.find((u) => u.id === ruleId || u.name === ruleId);
    const why = left ? `: ${left.reason}` : '';
    io.stderr.write(`no rule in force has the id or the name ${JSON.stringify(ruleId)}${why}\n`);
    return 2;
  }
  const records = formsOf(event, loaded.fieldMapping, flags.tag).map((form): Explained => {
    const query = explain(rule.predicate, form.record);
    const exceptions = rule.exceptions
      .filter((e) => e.expires === null || e.expires > Date.now())
      .map((exception) => ({ exception, why: explain(exception.predicate, form.record) }))
      .filter(({ why }) => why.matched);
    const matched = query.matched && exceptions.length === 0;
    return { path: form.path, mapping: form.mapping, query, exceptions, matched };
  });
  if (flags.json) {
    const document = { rule: rule.id, rule_set: hash, records: records.map((r) => jsonOf(r, rule)) };
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return 0;
  }
  const inForce = disabled.includes(rule) ? ', disabled' : '';
  io.stdout.write(`rule "${rule.name}" (${rule.id})${inForce}, rule set ${hash}\n`);
  if (rule.type !== 'query') io.stdout.write(`a ${rule.type} rule: what follows is its query alone\n`);
  for (const record of records) io.stdout.write(textOf(record, rule));
  return 0;
}

function textOf({ path, mapping, query, exceptions, matched }: Explained, rule: Rule): string {
  const head = `${path ?? 'the event itself'} (${mapping ?? 'read as ECS'}): ${matched ? 'matches' : 'does not match'}\n`;
  const excepted = exceptions.flatMap(({ exception, why }) => [
    `  the exception "${exception.name}" holds: no match\n`,
    ...lines(why, 2, exception.query ?? ''),
  ]);
  return [head, ...lines(query, 1, rule.query), ...excepted].join('');
}

function lines(e: Explanation, depth: number, query: string): string[] {
  const mark = e.matched ? '+' : '-';
  const values = saw(e);
  const line = `${'  '.repeat(depth)}${mark} ${nodeText(e, query)}${values === '' ? '' : `   ${values}`}\n`;
  return [line, ...e.of.flatMap((inner) => lines(inner, depth + 1, query))];
}

/** Values shown of one condition, and characters of one value. */
const MAX_VALUES = 10;
const MAX_LENGTH = 200;

function saw({ node, valuesSeen, of }: Explanation): string {
  if (node.kind === 'nested') return of.length === 0 ? 'saw no object' : `saw ${of.length} of them`;
  if (node.kind !== 'leaf' && node.kind !== 'any') return '';
  if (valuesSeen.length === 0) return 'saw no value';
  const shown = valuesSeen.slice(0, MAX_VALUES).map(seenText);
  const more = valuesSeen.length - shown.length;
  return `saw ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function seenText({ path, text }: Seen): string {
  const value = JSON.stringify(text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
  return path === undefined ? value : `${path}: ${value}`;
}

function jsonOf({ path, mapping, query, exceptions, matched }: Explained, rule: Rule): unknown {
  return {
    path,
    mapping,
    matched,
    exception: exceptions[0]?.exception.name ?? null,
    query: nodeJson(query, rule.query),
    exceptions: exceptions.map(({ exception, why }) => ({
      name: exception.name,
      query: nodeJson(why, exception.query ?? ''),
    })),
  };
}

function nodeJson(e: Explanation, query: string): Record<string, unknown> {
  const isLeaf = e.node.kind === 'leaf' || e.node.kind === 'any';
  return {
    node: nodeText(e, query),
    matched: e.matched,
    ...(isLeaf ? { values: e.valuesSeen.map((v) => v.text) } : {}),
    ...(e.of.length > 0 ? { of: e.of.map((inner) => nodeJson(inner, query)) } : {}),
  };
}

function nodeText({ node, span }: Explanation, query: string): string {
  switch (node.kind) {
    case 'leaf':
      return node.text.replace(/\s+/g, ' ');
    case 'any':
      return span === null ? '' : query.slice(span.start, span.end);
    case 'nested':
      return `${node.path}:{ … }`;
    case 'all':
      return '*';
    default:
      return node.kind;
  }
}
