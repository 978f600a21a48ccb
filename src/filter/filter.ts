// The child of Fluentd's exec_filter: records in on stdin, the same records out on stdout, tagged where a rule
// matched, and alerts as further records under their own tag. It never writes anything else to stdout: one wrong byte
// there and Fluentd's reader loses everything after it.
import type { Writable } from 'node:stream';
import { Alerter } from '../alerts/alerter.js';
import { alertRecord, recordContent } from '../alerts/alertRecord.js';
import type { CapNotice } from '../alerts/cap.js';
import { capMessage, capRecord, suppressionRecord } from '../alerts/document.js';
import type { Engines } from '../detect/engines.js';
import { type EventInstant, instantOf } from '../detect/times.js';
import { type Encodable, encode } from '../msgpack/encode.js';
import { JsonError, jsonToMsgpack, msgpackToJson } from '../msgpack/json.js';
import { headerSize, kindOf, lengthAt, skip } from '../msgpack/scan.js';
import type { Logger } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Rule } from '../rules/rule.js';
import { judgeJson } from '../stage/jsonDetection.js';
import { tagMsgpack } from '../tag/msgpackTags.js';
import { InjectedFields } from './injected.js';

export interface FilterOptions {
  readonly format: 'json' | 'msgpack';
  readonly tagKey: string;
  readonly timeKey: string;
  /** The alerts' tag template. */
  readonly alertTag: string;
  readonly lookBackMax: number;
  /** Bytes of one record. */
  readonly recordLimit: number;
}

export interface FilterDeps {
  readonly engines: Engines;
  readonly log: Logger;
  /** Epoch ms. */
  readonly now: () => number;
}

/** What went through. `lost` are records that could not be read. */
export interface FilterTotals {
  events: number;
  matches: number;
  alerts: number;
  lost: number;
}

export class ExecFilter {
  readonly totals: FilterTotals = { events: 0, matches: 0, alerts: 0, lost: 0 };
  readonly #options: FilterOptions;
  readonly #deps: FilterDeps;
  readonly #fields: InjectedFields;
  readonly #alerter: Alerter;
  readonly #detection = {
    onMatch: (): void => {
      this.totals.matches += 1;
    },
    onDecision: () => undefined,
  };
  /** What goes out with the piece that is being read. */
  #out: Buffer[] = [];
  #line = 0;
  #broken = false;

  constructor(options: FilterOptions, deps: FilterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#fields = new InjectedFields(options.tagKey, options.timeKey);
    this.#alerter = new Alerter({
      tag: options.alertTag,
      lookBackMax: options.lookBackMax,
      onCap: (notice) => this.#capNotice(notice),
      onSuppressed: (notice) => this.#notice(notice.rule, suppressionRecord(notice)),
    });
  }

  /** Reads `input` to its end; resolves when all of it is written. */
  async run(input: AsyncIterable<Buffer>, output: Writable): Promise<FilterTotals> {
    const isJson = this.#options.format === 'json';
    let rest: Buffer = Buffer.alloc(0);
    for await (const piece of input) {
      if (this.#broken) continue;
      const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
      const used = isJson ? this.#lines(bytes) : this.#maps(bytes);
      rest = bytes.subarray(used);
      if (rest.length > this.#options.recordLimit) this.#overlong(rest);
      this.#alerter.sweep(this.#deps.now());
      await this.#flush(output);
    }
    if (rest.length > 0 && !this.#broken) {
      if (isJson) this.#jsonLine(rest);
      else this.#lose('the stream ends inside a record');
    }
    this.#alerter.sweep(Number.MAX_SAFE_INTEGER);
    await this.#flush(output);
    return this.totals;
  }

  /** One JSON object a line. Returns how many bytes are used up. */
  #lines(bytes: Buffer): number {
    let from = 0;
    for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, from)) {
      this.#jsonLine(bytes.subarray(from, end));
      from = end + 1;
    }
    return from;
  }

  #jsonLine(line: Buffer): void {
    this.#line += 1;
    const text = line.toString('utf8');
    if (text.trim() === '') return;
    let bytes: Buffer;
    try {
      bytes = jsonToMsgpack(text);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      this.#lose(`${error.message} (column ${error.offset + 1})`);
      return;
    }
    if (kindOf(bytes[0]!) !== 'map') {
      this.#lose('a record is a JSON object; this is another value');
      return;
    }
    this.totals.events += 1;
    const nowMs = this.#deps.now();
    const time = (): EventInstant => this.#fields.time(bytes, 0, arrivalAt(nowMs));
    const fields = this.#fields;
    const event = {
      text,
      bytes,
      injected: fields.keys,
      get tag() {
        return fields.tag(bytes, 0);
      },
      get timeMs() {
        return time().ms;
      },
      get timeIso() {
        return time().iso;
      },
    };
    const verdict = judgeJson(
      event,
      this.#deps.engines.for(event.tag),
      this.#alerter,
      nowMs,
      this.#detection,
      (tag) => [fields.alertLeaf(tag)],
    );
    this.#out.push(verdict.text === text ? line : Buffer.from(verdict.text), newline);
    for (const alert of verdict.alerts) this.#out.push(Buffer.from(alert.text), newline);
    this.totals.alerts += verdict.alerts.length;
  }

  /** Maps end to end, or arrays of maps. Returns how many bytes are used up. */
  #maps(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      const end = skip(bytes, at, bytes.length);
      if (end === -1) return at;
      if (end < 0) {
        this.#broken = true;
        this.#lose('the stream is not msgpack from here on: nothing after it can be read');
        return bytes.length;
      }
      this.#value(bytes, at, end);
      at = end;
    }
    return at;
  }

  #value(bytes: Buffer, start: number, end: number): void {
    const kind = kindOf(bytes[start]!);
    if (kind === 'map') this.#map(bytes, start, end);
    else if (kind === 'array') {
      let at = start + headerSize(bytes[start]!);
      for (let left = lengthAt(bytes, start); left > 0; left -= 1) {
        const next = skip(bytes, at, end);
        this.#value(bytes, at, next);
        at = next;
      }
    } else {
      this.#line += 1;
      this.#lose('a record is a map; this is another value');
    }
  }

  #map(bytes: Buffer, start: number, end: number): void {
    this.#line += 1;
    this.totals.events += 1;
    const nowMs = this.#deps.now();
    const tag = this.#fields.tag(bytes, start);
    const engine = this.#deps.engines.for(tag);
    engine.match(bytes, start, end, nowMs);
    if (engine.matches.length === 0) {
      this.#out.push(bytes.subarray(start, end));
      return;
    }
    const time = this.#fields.time(bytes, start, arrivalAt(nowMs));
    const event = { timeMs: time.ms, timeIso: time.iso, content: () => recordContent(bytes, start) };
    const alerts: Buffer[] = [];
    for (const match of engine.matches) {
      this.#detection.onMatch();
      const decision = this.#alerter.decide(match, tag, event, nowMs);
      if (decision.outcome !== 'alert') continue;
      const copy = alertRecord(bytes, start, end, match, decision.fields);
      const leaf = this.#fields.alertLeaf(decision.tag);
      alerts.push(...(tagMsgpack(copy, 0, copy.length, [], [leaf]) ?? [copy]));
      this.totals.alerts += 1;
    }
    const tagged = tagMsgpack(bytes, start, end, engine.matches);
    this.#out.push(...(tagged ?? [bytes.subarray(start, end)]), ...alerts);
  }

  #capNotice(notice: CapNotice): void {
    say(this.#deps.log, 'cap_reached', { rule_id: notice.rule.id }, capMessage(notice));
    this.#notice(notice.rule, capRecord(notice));
  }

  /** A record for the alert stream that is no alert. */
  #notice(rule: Rule, content: { [key: string]: Encodable }): void {
    const tag = this.#alerter.tagFor('fluent_detect', rule.id, rule.severity);
    const record = encode({ ...content, [this.#fields.tagKey]: tag });
    if (this.#options.format === 'json') this.#out.push(Buffer.from(msgpackToJson(record, 0)), newline);
    else this.#out.push(record);
  }

  #overlong(rest: Buffer): void {
    this.#broken = true;
    this.#lose(`a record is over ${this.#options.recordLimit} bytes (here ${rest.length} without an end)`);
  }

  #lose(why: string): void {
    this.totals.lost += 1;
    say(this.#deps.log, 'record_lost', { record: this.#line }, `stdin: record ${this.#line} is lost: ${why}`);
  }

  async #flush(output: Writable): Promise<void> {
    if (this.#out.length === 0) return;
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    await new Promise<void>((resolve, reject) => {
      output.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

const newline = Buffer.from('\n');

function arrivalAt(ms: number): EventInstant {
  return instantOf(Math.floor(ms / 1000), (ms % 1000) * 1e6)!;
}
