// The capture formats, one reader each, and how a file's format is told from its first bytes.

import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { parseInstant } from '../detect/times.js';
import type { CaptureReader, CaptureSink } from './captured.js';
import { forwardReader } from './forwardReader.js';
import { takeElements, takeSlowly } from './jsonEvents.js';
import { jsonReader } from './jsonReader.js';
import { LineSpans, type TakeLine } from './lineSpans.js';

/** Lines of a capture, each to `take`; a line that is too long is told of. */
async function readLines(bytes: AsyncIterable<Buffer>, sink: CaptureSink, take: TakeLine): Promise<void> {
  const lines = new LineSpans(take, (line) => sink.unread(line, 'the line is over 256 MiB: it is left out'));
  for await (const piece of bytes) {
    lines.add(piece);
    await sink.settle();
  }
  lines.end();
  await sink.settle();
}

/** One JSON object a line. */
const ndjson: CaptureReader = {
  name: 'ndjson',
  read: (bytes, sink) =>
    readLines(bytes, sink, (buf, start, end, line, isValid) => {
      const frame = { line, tag: '', time: null };
      if (firstByte(buf, start, end) === 0x5b) takeElements(sink, buf.subarray(start, end), frame);
      else if (isValid) sink.json(buf, start, end, frame);
      else takeSlowly(sink, buf.subarray(start, end), frame);
    }),
};

function firstByte(buf: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && (buf[at] === 0x20 || buf[at] === 0x09)) at += 1;
  return at < end ? buf[at]! : 0;
}

/** Fluentd's out_file: time TAB tag TAB record (`<format> @type out_file`). */
const fluentd: CaptureReader = {
  name: 'fluentd',
  read: (bytes, sink) =>
    readLines(bytes, sink, (buf, start, end, line, isValid) => {
      const first = buf.indexOf(0x09, start);
      const second = first === -1 || first >= end ? -1 : buf.indexOf(0x09, first + 1);
      if (second === -1 || second >= end) {
        sink.unread(line, 'expected time, tag and record with tabs between them');
        return;
      }
      const timeText = buf.toString('utf8', start, first);
      const time = parseInstant(timeText);
      if (!time) {
        sink.unread(line, `${JSON.stringify(timeText.slice(0, 60))} is no time`);
        return;
      }
      const frame = { line, tag: buf.toString('utf8', first + 1, second), time };
      if (isValid) sink.json(buf, second + 1, end, frame);
      else takeSlowly(sink, buf.subarray(second + 1, end), frame);
    }),
};

/** A table with a header line, as Log Analytics exports it: columns become keys, values are text. */
const csv: CaptureReader = {
  name: 'csv',
  async read(bytes, sink) {
    const rows = parse({
      columns: true,
      bom: true,
      info: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
    });
    rows.on('skip', (error: { readonly lines: number; readonly message: string } | undefined) =>
      sink.unread(error?.lines ?? 0, error?.message ?? 'not a row'),
    );
    rows.on('readable', () => {
      for (;;) {
        const row = rows.read() as { record: Record<string, string>; info: { lines: number } } | null;
        if (row === null) return;
        const text = JSON.stringify(row.record);
        takeSlowly(sink, Buffer.from(text, 'utf8'), { line: row.info.lines, tag: '', time: null });
      }
    });
    const ended = finished(rows);
    for await (const piece of bytes) {
      if (!rows.write(Buffer.from(piece))) await Promise.race([once(rows, 'drain'), ended]);
      await sink.settle();
    }
    rows.end();
    await ended;
    await sink.settle();
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
    // A lone brace opens a document; a line that is an object by itself, or that has no end in sight, is NDJSON.
    if (lines[0]!.trim() === '{') return 'json';
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
