// The seed rule, the same sign-in in every form, through every way into the product.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDetector } from '../../plugin.js';
import { Program, root, run } from '../support/program.js';
import { Sender } from '../support/sender.js';
import { type SignInForm, signInForms } from '../support/signInForms.js';
import { forwardMode } from '../support/wire.js';

const rules = `${root}conf/rules`;
type Plain = Record<string, unknown>;
type Rules = readonly { readonly path?: string }[];

/** As JSON has them: without what is undefined. */
const events = signInForms.flatMap(({ event, nearMiss }) =>
  [event, nearMiss].map((e) => JSON.parse(JSON.stringify(e)) as Plain),
);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fd-forms-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The records that came out, by the order in which they went in; alerts are not among them. */
const ways: Readonly<Record<string, () => Promise<readonly Plain[]>>> = {
  run: async () => {
    const program = new Program(
      ['run', '--log-format', 'json', '--rules', rules].concat([
        ...['--in', 'forward://127.0.0.1:0', '--out', 'file:out.ndjson', '--alerts', 'file:alerts.ndjson'],
      ]),
      { cwd: folder },
    );
    try {
      const sender = await Sender.to(await program.port());
      sender.write(forwardMode('azure', events, { chunk: 'c' }));
      await sender.acked(1);
      program.signal('SIGTERM');
      expect(await program.exited).toBe(0);
      return linesOf('out.ndjson');
    } finally {
      await program.kill();
    }
  },
  replay: async () => {
    writeFileSync(join(folder, 'in.ndjson'), events.map((e) => JSON.stringify(e)).join('\n'));
    const args = ['replay', 'in.ndjson', '--rules', rules, '--out', 'replayed.ndjson'];
    expect(run(args, { cwd: folder }).status).toBe(0);
    return linesOf('replayed.ndjson');
  },
  filter: async () => {
    const input = events.map((e) => `${JSON.stringify({ ...e, fluent_tag: 'azure' })}\n`).join('');
    const { status, stdout } = run(['filter', '--rules', rules], { input, cwd: folder });
    expect(status).toBe(0);
    const records = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Plain);
    return records.filter((r) => r['fluent_tag'] === 'azure');
  },
  library: async () => {
    const detector = await createDetector({ rules: [rules] });
    return events.map((e) => detector.detect(e).record as Plain);
  },
};

describe.each(Object.keys(ways))('the same sign-in through %s', (way) => {
  let out: readonly Plain[];
  beforeAll(async () => {
    out = await ways[way]!();
  }, 60_000);

  it.each(signInForms.map((f, i) => [f.name, f, i] as const))(
    'matches as %s, and the near miss not',
    (_, form, i) => {
      expect(out).toHaveLength(events.length);
      expect(pathsIn(out[i * 2]!)).toEqual(form.paths);
      expect(pathsIn(out[i * 2 + 1]!)).toEqual([]);
    },
  );
});

/** Where each match of the record lies. */
function pathsIn(record: Plain): SignInForm['paths'] {
  const nested = (record['detection'] as { rules?: Rules } | undefined)?.rules;
  const found = nested ?? (record['detection.rules'] as Rules | undefined) ?? [];
  return found.map((rule) => rule.path ?? null);
}

function linesOf(file: string): Plain[] {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Plain);
}
