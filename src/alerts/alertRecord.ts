// The alert's record in bytes: the event's own record, with that one match's tags and the alert's fields spliced in.
import type { Match } from '../detect/match.js';
import { type Encodable, mapHeader } from '../msgpack/encode.js';
import { msgpackToJson } from '../msgpack/json.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import type { TagLeaf } from '../tag/leaves.js';
import { tagMsgpack } from '../tag/msgpackTags.js';
import { findDetection } from '../tag/plan.js';

/** The record at `[start, end)` of `buf` as one alert's record. */
export function alertRecord(
  buf: Buffer,
  start: number,
  end: number,
  match: Match,
  fields: { [key: string]: Encodable },
): Buffer {
  const parts = tagMsgpack(buf, start, end, [match], alertLeaves(fields));
  return Buffer.concat(parts ?? [buf.subarray(start, end)]);
}

/** ECS keeps `event.kind: signal` for Kibana itself; a pipeline's alert is `alert`. */
export function alertLeaves(fields: { [key: string]: Encodable }): TagLeaf[] {
  return [
    { path: ['event', 'kind'], value: 'alert', replace: true },
    ...Object.entries(fields).map(([key, value]) => ({
      path: ['kibana', 'alert', key],
      value,
      replace: true,
    })),
  ];
}

/** A record's content as JSON text without the tags that a stage adds, so that it is the same before and after one. */
export function recordContent(buf: Buffer, start: number): string {
  const pairs = pairsOf(buf, start);
  const entries = pairs.map(({ key, value }) => ({
    key,
    map: () => null,
    value: () => JSON.parse(msgpackToJson(buf, value)) as unknown,
  }));
  // A `detection` of the source's own is part of the event like everything else.
  const { name, rules } = findDetection({ entries });
  if (name === null || rules.length === 0) return msgpackToJson(buf, start);
  return msgpackToJson(withoutTags(buf, pairs, name), 0);
}

interface Pair {
  readonly key: string;
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

function pairsOf(buf: Buffer, start: number): Pair[] {
  const pairs: Pair[] = [];
  let at = start + headerSize(buf[start]!);
  for (let left = lengthAt(buf, start); left > 0; left -= 1) {
    const value = skip(buf, at, buf.length);
    const end = skip(buf, value, buf.length);
    pairs.push({ key: buf.toString('utf8', at + headerSize(buf[at]!), value), start: at, value, end });
    at = end;
  }
  return pairs;
}

/** @param detection where our own tag stands: `detection` or `fluent_detect`. */
function withoutTags(buf: Buffer, pairs: readonly Pair[], detection: string): Buffer {
  const isOurs = (key: string): boolean =>
    ['rule', 'threat', detection].some((name) => key === name || key.startsWith(`${name}.`)) ||
    key === 'event.severity' ||
    key === 'event.risk_score';
  const kept: Buffer[] = [];
  let count = 0;
  for (const { key, start, value, end } of pairs) {
    if (isOurs(key)) continue;
    if (key === 'event' && kindOf(buf[value]!) === 'map') {
      const event = pairsOf(buf, value).filter((p) => p.key !== 'severity' && p.key !== 'risk_score');
      if (event.length === 0) continue;
      kept.push(
        buf.subarray(start, value),
        mapHeader(event.length),
        ...event.map((p) => buf.subarray(p.start, p.end)),
      );
    } else kept.push(buf.subarray(start, end));
    count += 1;
  }
  return Buffer.concat([mapHeader(count), ...kept]);
}
