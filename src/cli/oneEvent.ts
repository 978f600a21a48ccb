// One event from a file or stdin, for the commands that look at one; and how rules see it under a config.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type EcsForm, ecsForms } from '../fields/ecsForm.js';
import { sourceMappings } from '../fields/mappings.js';
import { mappingsFor, type UserMapping } from '../fields/userMapping.js';
import type { CommandIo } from './io.js';

/** Null: it cannot be read; why has been said. */
export function oneEvent(path: string, io: CommandIo): Record<string, unknown> | null {
  const say = (message: string): null => {
    io.stderr.write(`${path}: ${message}\n`);
    return null;
  };
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : resolve(io.cwd, path), 'utf8');
  } catch (error) {
    return say((error as Error).message);
  }
  const first = parsed(text) ?? parsed(text.trimStart().split('\n')[0] ?? '');
  if (typeof first !== 'object' || first === null || Array.isArray(first))
    return say('an event is one JSON object (of NDJSON the first line is read)');
  return first as Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The caller says what should be there.
    return undefined;
  }
}

/** The event as rules see it, through the shipped mappings and the config's own. */
export function formsOf(event: Record<string, unknown>, mapping: UserMapping, tag = ''): EcsForm[] {
  return ecsForms(event, mappingsFor(sourceMappings, mapping, tag).mappings, mapping.jsonText);
}
