// `fluent-detect fields EVENT`: an event as the rules see it, and which mapping did it.
import { ecsForms } from '../fields/ecsForm.js';
import { sourceMappings } from '../fields/mappings.js';
import type { CommandIo, ExitStatus } from './io.js';
import { oneEvent } from './oneEvent.js';
import { table } from './table.js';

export function fieldsCommand(path: string, flags: { readonly json?: boolean }, io: CommandIo): ExitStatus {
  const event = oneEvent(path, io);
  if (!event) return 2;
  const forms = ecsForms(event, sourceMappings);
  if (flags.json) {
    const document = forms.map((f) => ({ ...f, fields: Object.fromEntries(f.fields) }));
    io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return 0;
  }
  for (const form of forms) {
    const where = form.path ?? 'the event itself';
    io.stderr.write(`${where}: ${form.mapping ?? 'read as ECS, no mapping knows it'}\n`);
    const rows = [...form.fields].map(([name, values]) => [name, values.join(', ')]);
    io.stdout.write(table(['field', 'values'], rows));
  }
  return 0;
}
