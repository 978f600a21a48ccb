// `fluent-detect fields EVENT`: an event as the rules see it, which mapping did it, and where each field was found.
import type { Flags } from '../config/load.js';
import type { EcsForm } from '../fields/ecsForm.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { formsOf, oneEvent } from './oneEvent.js';
import { table } from './table.js';

export interface FieldsFlags extends Flags {
  readonly json?: boolean;
  /** The event's tag: constants of the config go by it. */
  readonly tag?: string;
}

/** Longer values are cut for people (UTF-16 units). */
const MAX_SHOWN = 200;

export function fieldsCommand(path: string, flags: FieldsFlags, io: CommandIo): ExitStatus {
  const config = configFor(flags, io, { output: false });
  const event = config && oneEvent(path, io);
  if (!event) return 2;
  const forms = formsOf(event, config.rules.fieldMapping, flags.tag);
  if (flags.json) io.stdout.write(`${JSON.stringify(forms.map(documentOf), null, 2)}\n`);
  else for (const form of forms) show(form, io);
  return 0;
}

function documentOf({ path, mapping, fields }: EcsForm): unknown {
  const texts = [...fields].map(([name, values]) => [name, values.map((v) => v.text)]);
  return { path, mapping, fields: Object.fromEntries(texts) };
}

/** What the mapping names first, then what the record has under its own names only. */
function show({ path, mapping, fields, found }: EcsForm, io: CommandIo): void {
  io.stderr.write(`${path ?? 'the event itself'}: ${mapping ?? 'read as ECS, no mapping knows it'}\n`);
  const rows = [...fields].map(([name, values]) => ({
    name,
    own: found.get(name)?.[0] === name,
    cells: [name, values.map((v) => shown(v.text)).join(', '), placeOf(found.get(name) ?? [])],
  }));
  const named = mapping === null ? rows : rows.filter((row) => !row.own);
  const head = mapping === null ? ['field', 'values'] : ['field', 'values', 'found at'];
  io.stdout.write(
    table(
      head,
      named.map((row) => row.cells.slice(0, head.length)),
    ),
  );
  const own = rows.length - named.length;
  if (own > 0)
    io.stderr.write(
      `and ${own} under the record's own names, which rules can read too (--json lists them)\n`,
    );
}

function placeOf(found: readonly string[]): string {
  return found.map((path) => (path === '' ? '(the mapping)' : path)).join(', ');
}

/** Quoted where it is empty or would be read as several values. */
function shown(text: string): string {
  const cut = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return text === '' || /, |^\s|\s$/.test(cut) ? JSON.stringify(cut) : cut;
}
