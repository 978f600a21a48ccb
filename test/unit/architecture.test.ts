import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Which room may import which; docs/adr/0001-rooms.md says why. Types of the config are anybody's. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  msgpack: [],
  kql: ['config'],
  config: ['rules', 'fields'],
  rules: ['kql', 'config'],
  fields: [],
  detect: ['msgpack', 'kql', 'rules', 'fields'],
  tag: ['msgpack', 'rules', 'detect'],
  alerts: ['rules', 'detect', 'msgpack', 'tag'],
  forward: ['msgpack', 'config', 'sinks'],
  sinks: ['forward', 'msgpack', 'alerts', 'config', 'stage', 'rules'],
  observe: [],
  shared: ['alerts', 'config', 'rules', 'sinks'],
  stage: [
    'alerts',
    'config',
    'detect',
    'fields',
    'forward',
    'kql',
    'msgpack',
    'observe',
    'rules',
    'shared',
    'sinks',
    'tag',
  ],
  workers: ['alerts', 'config', 'detect', 'forward', 'observe', 'rules', 'sinks', 'stage'],
  filter: ['alerts', 'detect', 'msgpack', 'observe', 'rules', 'stage', 'tag'],
  replay: ['alerts', 'detect', 'fields', 'forward', 'kql', 'msgpack', 'rules', 'sinks', 'stage'],
  library: ['alerts', 'config', 'detect', 'fields', 'kql', 'msgpack', 'observe', 'rules', 'stage', 'tag'],
  cli: [
    'config',
    'detect',
    'fields',
    'filter',
    'forward',
    'kql',
    'msgpack',
    'observe',
    'replay',
    'rules',
    'stage',
    'tag',
    'workers',
  ],
};

/** Rooms that know no socket, no file and no clock. */
const pure = ['msgpack', 'kql', 'fields', 'detect', 'tag', 'alerts'];

interface Source {
  readonly room: string;
  readonly file: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources: Source[] = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
  .filter((e) => e.isFile() && e.name.endsWith('.ts'))
  .map((e) => {
    const path = join(e.parentPath ?? e.path, e.name);
    const file = relative(join(root, 'src'), path);
    const text = readFileSync(path, 'utf8');
    const imports = [...text.matchAll(/from '([^']+)'/g)].map((m) =>
      m[1]!.startsWith('.') ? relative(join(root, 'src'), resolve(dirname(path), m[1]!)) : m[1]!,
    );
    return { room: file.split('/')[0]!, file, text, imports };
  });

describe('the house', () => {
  it('has no room that reaches where it may not', () => {
    const wrong = sources.flatMap(({ room, file, imports }) =>
      imports
        .filter((i) => /^[a-z]+\//.test(i) && i.endsWith('.js') && Object.hasOwn(rooms, i.split('/')[0]!))
        .filter((i) => i.split('/')[0] !== room && !rooms[room]!.includes(i.split('/')[0]!))
        .map((i) => `${file} imports ${i}`),
    );
    expect(wrong).toEqual([]);
    expect(new Set(sources.map((s) => s.room))).toEqual(new Set(Object.keys(rooms)));
  });

  it('keeps sockets, files and clocks out of the core', () => {
    // KQL's own `now` in a date, unless the caller says another; and node:net for nothing but isIP.
    const wrong = sources
      .filter((s) => pure.includes(s.room) && s.file !== 'kql/compile.ts' && s.file !== 'kql/ip.ts')
      .flatMap(({ file, text, imports }) => [
        ...imports
          .filter((i) => /^node:(fs|net|http|https|tls|dgram|child_process|timers)/.test(i))
          .map((i) => `${file} imports ${i}`),
        ...(/\b(Date\.now|setTimeout|setInterval|Math\.random)\b/.test(text)
          ? [`${file} reads a clock or chance`]
          : []),
      ]);
    expect(wrong).toEqual([]);
  });

  it('has a first comment in every file that says what it is for', () => {
    const without = sources.filter((s) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(s.text)).map((s) => s.file);
    expect(without).toEqual([]);
  });

  it('has no file of much more than 300 lines', () => {
    const long = sources.filter((s) => s.text.split('\n').length > 440).map((s) => s.file);
    expect(long).toEqual([]);
  });
});
