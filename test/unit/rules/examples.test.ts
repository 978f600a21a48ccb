// Examples beside a rule: which files they are in, what is read of them, and where an error is.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleFilesOf, readExamples, stemOf } from '../../../src/rules/examples.js';
import { RulePathError } from '../../../src/rules/folders.js';
import { formatRuleError } from '../../../src/rules/ruleError.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fluent-detect-examples-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, ...lines: string[]): string {
  const file = join(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.join('\n'));
  return file;
}

describe('the example files', () => {
  it('of a folder are all below it, in the order of their names, but for hidden and deprecated ones', () => {
    const names = ['a.examples.yaml', 'b/c.examples.json', 'b/d/e.examples.YML', 'f.examples.yml'];
    const others = [
      '.git/x.examples.yaml',
      '_deprecated/x.examples.yaml',
      'a.toml',
      'a.yaml',
      'examples.yaml',
      'a.examples.txt',
    ];
    for (const name of [...others, ...names].reverse()) write(name);
    expect(exampleFilesOf(folder)).toEqual(names.map((name) => join(folder, name)));
  });

  it('of a folder are also those behind a link to a folder', () => {
    write('real/a.examples.yaml');
    mkdirSync(join(folder, 'rules'));
    symlinkSync(join(folder, 'real'), join(folder, 'rules/linked'));
    expect(exampleFilesOf(join(folder, 'rules'))).toEqual([join(folder, 'rules/linked/a.examples.yaml')]);
  });

  it('of a rule file are those beside it with its name', () => {
    const rule = write('dir/a.b.toml');
    const examples = [write('dir/a.b.examples.json'), write('dir/a.b.examples.yaml')];
    for (const name of ['dir/a.examples.yaml', 'dir/xa.b.examples.yaml', 'a.b.examples.yaml']) write(name);
    expect(exampleFilesOf(rule).sort()).toEqual(examples);
  });

  it('of a rule file that has none are none', () => {
    write('b.examples.yaml');
    expect(exampleFilesOf(write('a.toml'))).toEqual([]);
  });

  it('of an example file are the file itself', () => {
    const file = write('a.examples.yaml');
    write('a.examples.json');
    expect(exampleFilesOf(file)).toEqual([file]);
  });

  it('of a path that is not there are a RulePathError with the path', () => {
    const path = join(folder, 'nowhere.toml');
    expect(() => exampleFilesOf(path)).toThrow(RulePathError);
    expect(() => exampleFilesOf(path)).toThrow(`${path}: there is no such file or folder`);
  });

  it.each(['a.b.examples.yaml', 'x/a.b.examples.yml', '/x/a.b.examples.JSON'])('%s belongs to a.b', (file) =>
    expect(stemOf(file)).toBe('a.b'),
  );
});

describe('the examples of a file', () => {
  const yaml = [
    'rule_id: r1',
    'examples:',
    '  - name: a sign-in by device code matches',
    '    matches: true',
    '    record: { event: { dataset: azure.signinlogs }, list: [1, null] }',
    '  # A comment between.',
    '  - name: an empty event does not',
    '    matches: false',
    '    record: {}',
  ];

  it('have their rule, name, verdict and record, and the line at which each begins', () => {
    const file = write('a.examples.yaml', ...yaml);
    expect(readExamples(file)).toEqual({
      errors: [],
      examples: [
        {
          ...{
            file,
            line: 3,
            ruleId: 'r1',
            name: 'a sign-in by device code matches',
            matches: true,
            tag: '',
          },
          record: { event: { dataset: 'azure.signinlogs' }, list: [1, null] },
        },
        { file, line: 7, ruleId: 'r1', name: 'an empty event does not', matches: false, tag: '', record: {} },
      ],
    });
  });

  it('are of the rule beside them where the file names none', () => {
    const { examples } = readExamples(write('a.examples.yaml', ...yaml.slice(1)));
    expect(examples.map((e) => [e.ruleId, e.line])).toEqual([
      [null, 2],
      [null, 6],
    ]);
  });

  it('may be of several rules, a YAML document each', () => {
    const { examples } = readExamples(
      write('a.examples.yaml', ...yaml, '---', 'rule_id: r2', ...yaml.slice(1)),
    );
    expect(examples.map((e) => [e.ruleId, e.line])).toEqual([
      ['r1', 3],
      ['r1', 7],
      ['r2', 13],
      ['r2', 17],
    ]);
  });

  it('may be JSON, with a byte order mark before it', () => {
    const example = { name: 'n', matches: true, tag: 'azure.signin', record: { a: [{ b: 1.5 }] } };
    const file = write('a.examples.json', `\ufeff${JSON.stringify({ examples: [example] }, null, 2)}`);
    expect(readExamples(file)).toEqual({
      examples: [{ file, line: 3, ruleId: null, ...example }],
      errors: [],
    });
  });
});

describe('what is wrong with an example file is said with its place', () => {
  it('also when the file is empty', () => {
    const file = write('a.examples.yaml', '# Nothing yet.');
    expect(readExamples(file).errors.map(formatRuleError)).toEqual([
      `${file}:1:1: the file holds no examples [schema]\n  # Nothing yet.\n  ^`,
    ]);
  });

  it('in the form of every rule error', () => {
    const lines = ['examples:', '  - name: n', '    matches: maybe', '    record: {}'];
    const file = write('a.examples.yaml', ...lines);
    const { examples, errors } = readExamples(file);
    expect(examples).toEqual([]);
    expect(errors.map(formatRuleError)).toEqual([
      `${file}:3:14: must be boolean [schema]\n      matches: maybe\n               ^`,
    ]);
  });

  it.each([
    ['no examples', ['rule_id: r1'], 1, 1, "must have required property 'examples'"],
    ['an empty list', ['examples: []'], 1, 11, 'must NOT have fewer than 1 items'],
    [
      'an empty rule_id',
      ['examples: [{ name: n, matches: true, record: {} }]', 'rule_id: ""'],
      2,
      10,
      'must NOT',
    ],
    [
      'no name',
      ['examples:', '  - matches: true', '    record: {}'],
      2,
      5,
      "must have required property 'name'",
    ],
    [
      'no verdict',
      ['examples:', '  - name: n', '    record: {}'],
      2,
      5,
      "must have required property 'matches'",
    ],
    [
      'no record',
      ['examples:', '  - name: n', '    matches: true'],
      2,
      5,
      "must have required property 'record'",
    ],
    [
      'a record that is no map',
      ['examples: [{ name: n, matches: true, record: [] }]'],
      1,
      46,
      'must be object',
    ],
    [
      'an unknown key',
      ['examples:', '  - { name: n, matches: true, record: {}, mtaches: 1 }'],
      ...([2, 5, 'must NOT have additional properties: mtaches'] as const),
    ],
  ] as [string, string[], number, number, string][])('%s', (_title, lines, line, column, message) => {
    const { examples, errors } = readExamples(write('a.examples.yaml', ...lines));
    expect(examples).toEqual([]);
    expect(errors).toMatchObject([{ code: 'schema', line, column }]);
    expect(errors[0]!.message).toContain(message);
    expect(errors[0]!.excerpt).toBe(`${lines[line - 1]}\n${' '.repeat(column - 1)}^`);
  });

  it('where it is no YAML at all', () => {
    const file = write('a.examples.yaml', 'examples:', '  - name: n', '    name: again');
    const { examples, errors } = readExamples(file);
    expect(examples).toEqual([]);
    expect(errors).toMatchObject([
      { code: 'syntax', file, line: 3, column: 5, message: 'Map keys must be unique' },
    ]);
  });

  it('and costs its own document only', () => {
    const good = ['examples:', '  - { name: n, matches: true, record: {} }'];
    const { examples, errors } = readExamples(write('a.examples.yaml', 'examples: 1', '---', ...good));
    expect(errors).toMatchObject([{ line: 1, column: 11, message: 'must be array' }]);
    expect(examples.map((e) => [e.name, e.line])).toEqual([['n', 4]]);
  });
});
