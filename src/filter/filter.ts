// The child of Fluentd's exec_filter: records in on stdin, the same records out on stdout, tagged where a rule
// matched, and alerts as further records under their own tag. It never writes anything else to stdout: one wrong byte
// there and Fluentd's reader loses everything after it.
import { isUtf8 } from 'node:buffer';
import type { Writable } from 'node:stream';
import { Alerter } from '../alerts/alerter.js';
import { alertRecord } from '../alerts/alertRecord.js';
import type { CapNotice } from '../alerts/cap.js';
import { capMessage, capRecord, suppressionRecord } from '../alerts/document.js';
import type { Engines } from '../detect/engines.js';
import { type EventInstant, instantOf } from '../detect/times.js';
import { type Encodable, encode } from '../msgpack/encode.js';
import { JsonError, jsonToMsgpack, msgpackToJson } from '../msgpack/json.js';
import { skip } from '../msgpack/scan.js';
import { type Logger, RateLimit } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Rule } from '../rules/rule.js';
import { judgeJson } from '../stage/jsonDetection.js';
import { tagMsgpack } from '../tag/msgpackTags.js';
import { InjectedFields } from './injected.js';
import { JsonRecords } from './jsonRecords.js';
import { MsgpackRecords } from './msgpackRecords.js';

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
  readonly #limit: RateLimit;
  #engines: Engines;
  /** What goes out with the piece that is being read. */
  #out: Buffer[] = [];

  constructor(options: FilterOptions, deps: FilterDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#engines = deps.engines;
    this.#limit = new RateLimit(LOST_EVERY_MS, deps.now);
    this.#fields = new InjectedFields(options.tagKey, options.timeKey);
    this.#alerter = new Alerter({
      tag: options.alertTag,
      lookBackMax: options.lookBackMax,
      onCap: (notice) => this.#capNotice(notice),
      onSuppressed: (notice) => this.#notice(notice.rule, suppressionRecord(notice)),
    });
  }

  /** Puts other rules in force from the next record on; what was alerted and counted stays known. */
  reload(engines: Engines): void {
    this.#engines = engines;
  }

  /**
   * Reads `input` to its end, or to where it can no longer be read; resolves when all that came of it is written.
   * @throws Error when `output` cannot be written to.
   */
  async run(input: AsyncIterable<Buffer>, output: Writable): Promise<FilterTotals> {
    const records = this.#options.format === 'json' ? this.#jsonRecords() : this.#msgpackRecords();
    // Intervals end while nothing comes, too.
    let failed: Error | null = null;
    const sweeping = setInterval(() => {
      this.#alerter.sweep(this.#deps.now());
      this.#flush(output).catch((error: Error) => {
        failed = error;
      });
    }, SWEEP_MS);
    try {
      for await (const piece of input) {
        if (failed !== null) throw failed;
        records.feed(piece);
        await this.#flush(output);
        if (records.stopped) break;
      }
    } finally {
      clearInterval(sweeping);
    }
    records.end();
    this.#alerter.sweep(Number.MAX_SAFE_INTEGER);
    await this.#flush(output);
    return this.totals;
  }

  #jsonRecords(): Records {
    const records = new JsonRecords(this.#options.recordLimit, {
      onValue: (bytes, line, column) => this.#json(bytes, line, column),
      onLost: (why, line, column) => this.#lose(`line ${line}, column ${column}`, { line, column }, why),
    });
    return { feed: (piece) => records.feed(piece), end: () => records.end(), stopped: false };
  }

  #msgpackRecords(): Records {
    return new MsgpackRecords(this.#options.recordLimit, {
      onMap: (buf, start, end) => this.#map(buf, start, end),
      onLost: (why, offset) => this.#lose(`byte ${offset}`, { offset }, why),
    });
  }

  #json(raw: Buffer, line: number, column: number): void {
    const isText = isUtf8(raw);
    const text = raw.toString('utf8');
    // JSON is UTF-8: Fluentd writes such bytes, but its own reader dies of them and takes all that follows with it.
    if (!isText) {
      this.#limit.limit('utf8', (heldBack) =>
        say(
          this.#deps.log,
          'invalid_utf8',
          { line, held_back: heldBack },
          `stdin: line ${line}: invalid UTF-8 goes on as U+FFFD; --format msgpack keeps such bytes`,
        ),
      );
    }
    const whole = isText ? raw : Buffer.from(text);
    const bytes = this.#read(text, whole, line, column);
    if (bytes !== null) this.#guarded(whole, `line ${line}`, () => this.#judgeJson(text, whole, bytes));
  }

  #judgeJson(text: string, whole: Buffer, bytes: Buffer): void {
    const nowMs = this.#deps.now();
    const fields = this.#fields;
    const tag = fields.tag(bytes, 0);
    const time = fields.time(bytes, 0, arrivalAt(nowMs));
    const event = { text, bytes, injected: fields.keys, tag, timeMs: time.ms, timeIso: time.iso };
    const engine = this.#engines.for(tag);
    const verdict = judgeJson(event, engine, this.#alerter, nowMs, this.#detection, (alertTag) => [
      fields.alertLeaf(alertTag),
    ]);
    this.#out.push(verdict.text === text ? whole : Buffer.from(verdict.text), newline);
    for (const alert of verdict.alerts) this.#out.push(Buffer.from(alert.text), newline);
    this.totals.alerts += verdict.alerts.length;
  }

  /** The record as msgpack; null: it is lost, or goes on unjudged, and that has been said. */
  #read(text: string, whole: Buffer, line: number, column: number): Buffer | null {
    try {
      const bytes = jsonToMsgpack(text);
      if (text.startsWith('{')) return bytes;
      this.#lose(
        `line ${line}, column ${column}`,
        { line, column },
        'a record is a JSON object; this is a list',
      );
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      const at = column + Buffer.byteLength(text.slice(0, error.offset));
      if (isJson(text)) this.#passOn(whole, error.message, `line ${line}`);
      else this.#lose(`line ${line}, column ${at}`, { line, column: at }, error.message);
    }
    return null;
  }

  /** A record that is sound, but that no rule can look at. */
  #passOn(whole: Buffer, why: string, place: string): void {
    this.totals.events += 1;
    this.#limit.limit('unjudged', (heldBack) =>
      say(
        this.#deps.log,
        'record_unjudged',
        { held_back: heldBack },
        `stdin: ${place}: the record goes on unjudged: ${why}`,
      ),
    );
    this.#out.push(whole);
    if (this.#options.format === 'json') this.#out.push(newline);
  }

  #map(bytes: Buffer, start: number, end: number): void {
    const whole = bytes.subarray(start, end);
    if (skip(bytes, start, end) < 0) this.#passOn(whole, 'it is nested too deep', this.#place());
    else this.#guarded(whole, this.#place(), () => this.#judgeMap(bytes, start, end));
  }

  #place(): string {
    return `record ${this.totals.events + 1}`;
  }

  /** A record that the engine fails at goes on as it came: it must not end the stream. */
  #guarded(whole: Buffer, place: string, judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#passOn(whole, (error as Error).message, place);
      return;
    }
    this.totals.events += 1;
  }

  #judgeMap(bytes: Buffer, start: number, end: number): void {
    const nowMs = this.#deps.now();
    const tag = this.#fields.tag(bytes, start);
    const engine = this.#engines.for(tag);
    engine.match(bytes, start, end, nowMs);
    if (engine.matches.length === 0) {
      this.#out.push(bytes.subarray(start, end));
      return;
    }
    const time = this.#fields.time(bytes, start, arrivalAt(nowMs));
    const event = {
      timeMs: time.ms,
      timeIso: time.iso,
      content: () => this.#fields.contentWithout(bytes, start),
    };
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

  #lose(place: string, at: Readonly<Record<string, number>>, why: string): void {
    this.totals.lost += 1;
    // The first ones each, then a line now and then: a broken sender must not fill the disk.
    if (this.totals.lost <= LOST_EACH) {
      say(this.#deps.log, 'record_lost', at, `stdin: ${place}: a record is lost: ${why}`);
      return;
    }
    this.#limit.limit('lost', (heldBack) => {
      say(
        this.#deps.log,
        'record_lost',
        { ...at, held_back: heldBack },
        `stdin: ${place}: a record is lost: ${why}`,
      );
    });
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
const SWEEP_MS = 1000;
/** So many lost records are named each; after them one in LOST_EVERY_MS. */
const LOST_EACH = 100;
const LOST_EVERY_MS = 10_000;

/** A stream of records in one of the two formats. */
interface Records {
  feed(piece: Buffer): void;
  end(): void;
  readonly stopped: boolean;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function arrivalAt(ms: number): EventInstant {
  return instantOf(Math.floor(ms / 1000), (ms % 1000) * 1e6)!;
}
