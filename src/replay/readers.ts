// The capture formats, one reader each, and how a file's format is told from its first bytes.

import { Readable } from 'node:stream';
import { parse } from 'csv-parse';
import { parseInstant } from '../detect/times.js';
import type { Captured, CaptureReader } from './captured.js';
import { forwardReader } from './forwardReader.js';
import { eventOf, eventsOf } from './jsonEvents.js';
import { jsonReader } from './jsonReader.js';
import { linesOf } from './lines.js';

/** One JSON object a line. */
const ndjson: CaptureReader = {
  name: 'ndjson',
  async *read(bytes) {
    for await (const { number, text } of linesOf(bytes)) {
      if (text.trim() === '') continue;
      yield* eventsOf(text, { line: number, tag: '', time: null });
    }
  },
};

/** Fluentd's out_file: time TAB tag TAB record (`<format> @type out_file`). */
const fluentd: CaptureReader = {
  name: 'fluentd',
  async *read(bytes) {
    for await (const { number, text } of linesOf(bytes)) {
      if (text.trim() === '') continue;
      const first = text.indexOf('\t');
      const second = text.indexOf('\t', first + 1);
      if (first === -1 || second === -1) {
        yield {
          kind: 'unread',
          line: number,
          message: 'expected time, tag and record with tabs between them',
        };
        continue;
      }
      const time = parseInstant(text.slice(0, first));
      if (!time) {
        yield { kind: 'unread', line: number, message: `${JSON.stringify(text.slice(0, first))} is no time` };
        continue;
      }
      yield eventOf(text.slice(second + 1), { line: number, tag: text.slice(first + 1, second), time });
    }
  },
};

/** A table with a header line, as Log Analytics exports it: columns become keys, values are text. */
const csv: CaptureReader = {
  name: 'csv',
  async *read(bytes) {
    const skipped: Captured[] = [];
    const rows = Readable.from(bytes).pipe(
      parse({ columns: true, bom: true, info: true, skip_empty_lines: true, skip_records_with_error: true }),
    );
    rows.on('skip', (error: { readonly lines: number; readonly message: string } | undefined) => {
      skipped.push({ kind: 'unread', line: error?.lines ?? 0, message: error?.message ?? 'not a row' });
    });
    for await (const row of rows as AsyncIterable<{
      record: Record<string, string>;
      info: { lines: number };
    }>) {
      yield* skipped.splice(0);
      yield eventOf(JSON.stringify(row.record), { line: row.info.lines, tag: '', time: null });
    }
    yield* skipped;
  },
};

const captureReaders = [ndjson, jsonReader, fluentd, forwardReader, csv] as const;
export type CaptureFormat = (typeof captureReaders)[number]['name'];

/** The reader that the first bytes of a capture ask for. */
export function readerFor(head: Buffer, format: CaptureFormat | 'auto'): CaptureReader {
  const name = format === 'auto' ? formatOf(head) : format;
  return captureReaders.find((r) => r.name === name)!;
}

function formatOf(head: Buffer): CaptureFormat {
  const first = head[0];
  if (first !== undefined && ((first & 0xf0) === 0x90 || first === 0xdc || first === 0xdd)) return 'forward';
  const text = head.toString('utf8').replace(/^\ufeff/, '');
  const lines = text.split(/\r?\n/).filter((l) => l.trim() !== '');
  const opening = text.trimStart()[0];
  if (opening === '[') return lines.length > 1 && isJson(lines[0]!) ? 'ndjson' : 'json';
  if (opening === '{') {
    // A line that is an object by itself, or one that has no end in sight, is NDJSON; a lone brace opens a document.
    const objects = lines.filter((l) => l.startsWith('{'));
    if (lines.length === 1 || objects.some(isJson) || objects.length > 1) return 'ndjson';
    return 'json';
  }
  if (lines.some((l) => /^[^\t]+\t[^\t]*\t\s*\{/.test(l))) return 'fluentd';
  if (lines.some((l) => /^\s*\{/.test(l))) return 'ndjson';
  return /^"?[\w@. [\]()-]+"?(,|$)/.test(lines[0] ?? '') && (lines[0] ?? '').includes(',') ? 'csv' : 'ndjson';
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
