// `fluent-detect fields EVENT`: an event as the rules see it, and which mapping did it.
import type { Flags } from '../config/load.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { formsOf, oneEvent } from './oneEvent.js';
import { table } from './table.js';

export interface FieldsFlags extends Flags {
  readonly json?: boolean;
  /** The event's tag: constants of the config go by it. */
  readonly tag?: string;
}

export function fieldsCommand(path: string, flags: FieldsFlags, io: CommandIo): ExitStatus {
  const config = configFor(flags, io, { output: false });
  const event = config && oneEvent(path, io);
  if (!event) return 2;
  const forms = formsOf(event, config.rules.fieldMapping, flags.tag);
  if (flags.json) {
    const document = forms.map((f) => ({
      ...f,
      fields: Object.fromEntries([...f.fields].map(([name, values]) => [name, values.map((v) => v.text)])),
    }));
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return 0;
  }
  for (const form of forms) {
    const where = form.path ?? 'the event itself';
    io.stderr.write(`${where}: ${form.mapping ?? 'read as ECS, no mapping knows it'}\n`);
    const rows = [...form.fields].map(([name, values]) => [name, values.map((v) => v.text).join(', ')]);
    io.stdout.write(table(['field', 'values'], rows));
  }
  return 0;
}
