// `fluent-detect rules explain RULE EVENT`: why a rule matches an event or not, node by node of its query, with the
// values that each condition saw.
import { type Explanation, explain } from '../kql/evaluate.js';
import type { CommandIo, ExitStatus } from './io.js';
import { formsOf, oneEvent } from './oneEvent.js';
import { loadForCommand, type RulesFlags } from './rulesFlags.js';

export function rulesExplain(ruleId: string, path: string, flags: RulesFlags, io: CommandIo): ExitStatus {
  const loaded = loadForCommand([], flags, io);
  const event = loaded && oneEvent(path, io);
  if (!loaded || !event) return 2;
  const { rules, disabled } = loaded.ruleSet;
  const rule = [...rules, ...disabled].find((r) => r.id === ruleId || r.name === ruleId);
  if (!rule) {
    io.stderr.write(`no rule has the id or the name ${JSON.stringify(ruleId)}\n`);
    return 2;
  }
  const explained = formsOf(event, loaded.fieldMapping, flags.tag).map((form) => {
    const record = Object.fromEntries(form.fields);
    const excepted = rule.exceptions.find((e) => explain(e.predicate, record).matched)?.name ?? null;
    const query = explain(rule.predicate, record);
    return { form, query, excepted, matched: query.matched && excepted === null };
  });
  if (flags.json) {
    const document = explained.map(({ form, query, excepted, matched }) => ({
      path: form.path,
      mapping: form.mapping,
      matched,
      exception: excepted,
      query: jsonOf(query, rule.query),
    }));
    io.stdout.write(
      `${JSON.stringify({ rule: rule.id, rule_set: loaded.ruleSet.hash, records: document }, null, 2)}\n`,
    );
    return 0;
  }
  for (const { form, query, excepted, matched } of explained) {
    const where = form.path ?? 'the event itself';
    io.stdout.write(
      `${where} (${form.mapping ?? 'read as ECS'}): ${matched ? 'matches' : 'does not match'}\n`,
    );
    if (excepted !== null) io.stdout.write(`  the exception "${excepted}" holds\n`);
    io.stdout.write(lines(query, 1, rule.query).join(''));
  }
  return 0;
}

function lines(e: Explanation, depth: number, query: string): string[] {
  const mark = e.matched ? '+' : '-';
  const indent = '  '.repeat(depth);
  const { node } = e;
  const what = textOf(e, query);
  const seen = e.valuesSeen.map((v) => JSON.stringify(v.text)).join(', ');
  const values = node.kind === 'leaf' ? `   saw ${seen === '' ? 'no value' : seen}` : '';
  return [`${indent}${mark} ${what}${values}\n`, ...e.of.flatMap((inner) => lines(inner, depth + 1, query))];
}

function jsonOf(e: Explanation, query: string): Record<string, unknown> {
  return {
    node: textOf(e, query),
    matched: e.matched,
    ...(e.node.kind === 'leaf' ? { values: e.valuesSeen.map((v) => v.text) } : {}),
    ...(e.of.length > 0 ? { of: e.of.map((inner) => jsonOf(inner, query)) } : {}),
  };
}

/** A condition as the query has it; those of the rule's `filters` have no text there. */
function textOf({ node, span }: Explanation, query: string): string {
  const text = span === null ? '' : query.slice(span.start, span.end).replace(/\s+/g, ' ').trim();
  switch (node.kind) {
    case 'leaf':
      // A value of a list: `field:(a or b` ends with it.
      if (text.startsWith(node.field.name))
        return text.includes('(') ? `${node.field.name}:${text.split(/\s+(?:or|and)\s+|\(/).at(-1)}` : text;
      return `${node.field.name} : ${text === '' ? `(filter, ${node.test.op})` : text}`;
    case 'any':
      return text;
    case 'nested':
      return `${node.path}:{ … }`;
    case 'all':
      return '*';
    default:
      return node.kind;
  }
}
