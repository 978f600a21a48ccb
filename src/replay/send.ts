// Captured events into a live pipeline over the Forward protocol: in order, acked, counted, at a chosen rate or at a
// multiple of the speed at which they happened. An event counts as sent once its chunk is acked.
import { recordTime } from '../detect/recordTime.js';
import { instantOf } from '../detect/times.js';
import { arrayHeader, encode } from '../msgpack/encode.js';
import { confirmedBy, type OutChunk, type Output } from '../sinks/output.js';
import type { CapturedEvent } from './captured.js';
import type { EventTaker } from './readCapture.js';

export interface SendOptions {
  /** For events whose capture knows no tag. */
  readonly tag: string;
  /** Events a second; null: as fast as they are acked. */
  readonly rate: number | null;
  /** Event time over real time; null: event times do not pace. */
  readonly speed: number | null;
  /** Monotonic ms. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
}

/** Bounds of a chunk, and of what is on its way at once. */
const CHUNK_EVENTS = 400;
const CHUNK_BYTES = 1024 * 1024;
const MAX_CHUNKS = 8;
/** With a pace: how long an event may wait for its chunk to fill (ms). */
const LINGER = 50;

interface Waiting {
  readonly tag: string;
  readonly entry: readonly Buffer[];
  readonly bytes: number;
  /** Epoch ms. */
  readonly time: number;
}

export class Send implements EventTaker {
  /** Events read, and of them those whose chunk was acked. */
  events = 0;
  acked = 0;
  readonly #output: Output;
  readonly #options: SendOptions;
  #waiting: Waiting[] = [];
  readonly #onWay = new Set<Promise<void>>();
  #started = 0;
  #sent = 0;
  /** Epoch ms of the first event. */
  #firstTime: number | null = null;
  #lastTime = 0;

  constructor(output: Output, options: SendOptions) {
    this.#output = output;
    this.#options = options;
  }

  /** Every event is sent as msgpack: all are read whole. */
  pass(): boolean {
    return false;
  }

  take(event: CapturedEvent): void {
    const time = event.time ?? recordTime(event.bytes, 0);
    const ms = time?.ms ?? this.#lastTime;
    this.#lastTime = ms;
    // Copies: the bytes are the reader's.
    const entry =
      event.entry === null
        ? [arrayHeader(2), eventTimeOf(time?.iso ?? null, ms), Buffer.from(event.bytes)]
        : [Buffer.from(event.entry)];
    const bytes = entry.reduce((sum, part) => sum + part.length, 0);
    this.events += 1;
    this.#waiting.push({ tag: event.tag === '' ? this.#options.tag : event.tag, entry, bytes, time: ms });
  }

  /** Sends what waits, at its pace. */
  async settle(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0 && this.#firstTime === null) {
      this.#started = this.#options.now();
      this.#firstTime = waiting[0]!.time;
    }
    for (let at = 0; at < waiting.length; ) {
      await this.#until(this.#dueAt(waiting[at]!));
      const until = this.#options.now() + LINGER;
      const { tag } = waiting[at]!;
      let [end, bytes] = [at, 0];
      while (
        end < waiting.length &&
        end - at < CHUNK_EVENTS &&
        bytes < CHUNK_BYTES &&
        waiting[end]!.tag === tag &&
        (end === at || this.#dueAt(waiting[end]!, end - at) <= until)
      ) {
        bytes += waiting[end]!.bytes;
        end += 1;
      }
      await this.#write(tag, waiting.slice(at, end), bytes);
      at = end;
    }
  }

  /** Resolves when every event was acked. */
  async end(): Promise<void> {
    await this.settle();
    await Promise.all(this.#onWay);
  }

  /** When an event may go, monotonic ms. @param ahead how many of its chunk go before it. */
  #dueAt({ time }: Waiting, ahead = 0): number {
    const { rate, speed } = this.#options;
    if (rate !== null) return this.#started + ((this.#sent + ahead) / rate) * 1000;
    if (speed !== null) return this.#started + (time - this.#firstTime!) / speed;
    return 0;
  }

  async #until(due: number): Promise<void> {
    const left = due - this.#options.now();
    if (left > 0) await this.#options.wait(left);
  }

  async #write(tag: string, events: readonly Waiting[], payloadBytes: number): Promise<void> {
    const chunk: OutChunk = {
      tagBytes: encode(tag),
      tag,
      payload: events.flatMap((e) => e.entry),
      payloadBytes,
      optionEntries: null,
      optionCount: 0,
      compressed: null,
      signal: 0,
      connectionId: 0,
    };
    this.#sent += events.length;
    const written = confirmedBy(this.#output, chunk, events.length).then(
      () => {
        this.acked += events.length;
        this.#onWay.delete(written);
      },
      // Closed before the ack came: its events stay uncounted.
      () => void this.#onWay.delete(written),
    );
    this.#onWay.add(written);
    if (this.#onWay.size >= MAX_CHUNKS) await Promise.race(this.#onWay);
  }
}

/** EventTime (ext type 0, fixext8) with the nanoseconds that the event has; an event without a time: the epoch. */
function eventTimeOf(iso: string | null, ms: number): Buffer {
  const nanos = Number((/\.(\d+)Z$/.exec(iso ?? '')?.[1] ?? '').padEnd(9, '0'));
  const seconds = Math.floor(ms / 1000);
  const inRange = seconds >= 0 && seconds < 0xfffffffe ? seconds : 0;
  const at = instantOf(inRange, nanos) === null ? 0 : inRange;
  const out = Buffer.alloc(10);
  out.writeUInt16BE(0xd700, 0);
  out.writeUInt32BE(at, 2);
  out.writeUInt32BE(nanos, 6);
  return out;
}
