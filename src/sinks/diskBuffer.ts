// `output.buffer: disk`: chunks are confirmed once they are fsynced here, and go on to the real output from here, in
// order, over restarts. A long outage downstream then reaches nobody upstream until the buffer is full.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outMessage } from '../forward/outMessage.js';
import { decode } from '../msgpack/decode.js';
import { encode } from '../msgpack/encode.js';
import { skip } from '../msgpack/scan.js';
import type { Fate, OutChunk, Output } from './output.js';
import { SegmentLog } from './segmentLog.js';
import { Store } from './store.js';

export interface DiskBufferOptions {
  readonly path: string;
  /** Bytes on disk past which chunks wait (and the stage stops reading). */
  readonly totalLimitSize: number;
  readonly retryWait: number;
  readonly retryMaxInterval: number;
  /** Epoch ms. */
  readonly now: () => number;
  /** The output has confirmed so many events. */
  readonly onDelivered: (events: number) => void;
  /** The disk refuses (`why`), or takes chunks again (''); the buffer is full, or has room again. */
  readonly onState: (why: string) => void;
  /** Chunks that are lost from the way: damaged on disk, or nothing that the output can ever take. */
  readonly onLost: (why: string, kept: string) => void;
}

/** What is put on disk with one sync, at most. */
const SYNC_BYTES = 16 * 2 ** 20;
const SYNC_CHUNKS = 1024;
/** Bytes that are read ahead of the output's confirmations. */
const AHEAD_BYTES = 16 * 2 ** 20;
const AHEAD_CHUNKS = 256;
const MAX_SEGMENT = 64 * 2 ** 20;

interface Waiting {
  readonly parts: readonly Buffer[];
  readonly bytes: number;
  readonly fate: Fate;
}

export class DiskBuffer implements Output {
  readonly name: string;
  /** Delivered is counted by `onDelivered`, not when a chunk is confirmed. */
  readonly buffered = true;
  readonly #options: DiskBufferOptions;
  readonly #output: Output;
  readonly #log: SegmentLog;
  /** Holds the position up to which everything is delivered, and the lock of the folder. */
  readonly #store: Store;
  #delivered: number;
  /** As the store has it. */
  #saved: number;
  #next: number;
  /** In order: chunks that are not on disk yet. */
  readonly #waiting: Waiting[] = [];
  #keeping: Promise<void> | null = null;
  /** In order: where a chunk that was handed on ends, and whether it is confirmed. */
  readonly #ahead: { readonly end: number; readonly bytes: number; isDone: boolean }[] = [];
  #aheadBytes = 0;
  #failures = 0;
  #isFull = false;
  #closed = false;
  #pumping: Promise<void> | null = null;
  #saving: Promise<void> | null = null;
  readonly #waiters: (() => void)[] = [];

  private constructor(options: DiskBufferOptions, output: Output, log: SegmentLog, store: Store, at: number) {
    this.#options = options;
    this.#output = output;
    this.#log = log;
    this.#store = store;
    this.#delivered = at;
    this.#saved = at;
    this.#next = at;
    this.name = output.name;
    this.#pump();
  }

  /** @throws SpoolError when another process has it; the system's error. */
  static async open(options: DiskBufferOptions, output: Output): Promise<DiskBuffer> {
    const store = await Store.open(join(options.path, 'position'), options.now());
    try {
      const saved = Number((await store.get('delivered'))?.toString('utf8') ?? 0);
      const log = await SegmentLog.open({
        path: options.path,
        from: saved,
        segmentBytes: Math.min(MAX_SEGMENT, Math.ceil(options.totalLimitSize / 8)),
        onDamaged: (bytes, file) =>
          options.onLost(`${bytes} bytes of the buffer are damaged`, `${file}.damaged`),
      });
      return new DiskBuffer(options, output, log, store, Math.max(saved, log.start));
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  get ready(): boolean {
    return this.#failures === 0 && !this.#isFull;
  }

  /** Bytes that wait to be delivered. */
  get bytes(): number {
    return this.#log.end - this.#delivered;
  }

  /** A chunk is confirmed when it is fsynced. It waits while the buffer is full or the disk refuses. */
  send(chunk: OutChunk, events: number, fate: Fate): void {
    if (this.#closed) {
      fate.fail(new Error('the buffer is closed'));
      return;
    }
    this.#waiting.push({ parts: chunkParts(chunk, events), bytes: chunk.payloadBytes, fate });
    this.#keep();
  }

  /** Delivers while the output takes chunks, at most `timeoutMs`. What is left is delivered by the next start. */
  async close(timeoutMs: number): Promise<number> {
    const until = performance.now() + timeoutMs;
    while (this.bytes > 0 && this.#output.ready && performance.now() < until) await this.#soon(50);
    this.#closed = true;
    this.#wake();
    await this.#output.close(0);
    await this.#keeping;
    await this.#pumping;
    await this.#saving;
    await this.#log.close();
    await this.#log.release(this.#saved, true);
    await this.#store.close();
    return 0;
  }

  #keep(): void {
    this.#keeping ??= this.#toDisk().finally(() => {
      this.#keeping = null;
      if (this.#waiting.length > 0) this.#keep();
    });
  }

  /** Puts what waits on disk, as much as there is room for with one sync. */
  async #toDisk(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (this.#closed) {
        for (const w of this.#waiting.splice(0)) w.fate.fail(new Error('the buffer is closed'));
        return;
      }
      const count = this.#fitting();
      this.#setFull(count === 0);
      if (count === 0) {
        await this.#soon(1000);
        continue;
      }
      const batch = this.#waiting.slice(0, count);
      try {
        await this.#log.append(batch.map((w) => w.parts));
      } catch (error) {
        await this.#pause(error as Error);
        continue;
      }
      if (this.#failures > 0) {
        this.#failures = 0;
        this.#options.onState('');
      }
      this.#waiting.splice(0, count);
      for (const w of batch) w.fate.confirm();
      this.#pump();
    }
  }

  /** How many of those that wait have room. An empty buffer takes one, however large it is. */
  #fitting(): number {
    let room = this.#options.totalLimitSize - this.#log.bytes;
    let bytes = 0;
    let count = 0;
    for (const w of this.#waiting) {
      room -= w.bytes;
      bytes += w.bytes;
      const isTooMuch = room < 0 || bytes > SYNC_BYTES || count === SYNC_CHUNKS;
      if (isTooMuch && (count > 0 || (room < 0 && this.bytes > 0))) break;
      count += 1;
    }
    return count;
  }

  #setFull(isFull: boolean): void {
    if (isFull !== this.#isFull) this.#options.onState(isFull ? 'the buffer is full' : '');
    this.#isFull = isFull;
  }

  #pump(): void {
    if (this.#closed) return;
    this.#pumping ??= this.#handOn().finally(() => {
      this.#pumping = null;
      if (this.#next < this.#log.end) this.#pump();
    });
  }

  async #handOn(): Promise<void> {
    while (!this.#closed) {
      if (this.#aheadBytes >= AHEAD_BYTES || this.#ahead.length >= AHEAD_CHUNKS) {
        await this.#soon(1000);
        continue;
      }
      const record = this.#next < this.#log.end ? await this.#read() : null;
      if (record === null && this.#next >= this.#log.end) return;
      if (record !== null) this.#send(record.body, record.end);
    }
  }

  async #read(): Promise<{ body: Buffer; end: number } | null> {
    try {
      const record = await this.#log.read(this.#next);
      if (record === null) this.#next = this.#log.end;
      return record;
    } catch (error) {
      await this.#pause(error as Error);
      return null;
    }
  }

  #send(body: Buffer, end: number): void {
    const { chunk, events } = chunkOf(body);
    const ahead = { end, bytes: body.length, isDone: false };
    this.#ahead.push(ahead);
    this.#aheadBytes += ahead.bytes;
    this.#next = end;
    this.#output.send(chunk, events, {
      confirm: () => {
        this.#options.onDelivered(events);
        this.#done(ahead);
      },
      fail: async (error) => {
        if (this.#closed) return;
        // The output takes such a chunk never, and its sender has its ack: it is kept as a Forward message.
        const path = join(this.#options.path, 'refused.forward');
        await appendFile(path, Buffer.concat(outMessage(chunk, null)));
        this.#options.onLost(error.message, path);
        this.#done(ahead);
      },
    });
  }

  #done(ahead: { isDone: boolean }): void {
    ahead.isDone = true;
    while (this.#ahead[0]?.isDone) {
      const { end, bytes } = this.#ahead.shift()!;
      this.#delivered = end;
      this.#aheadBytes -= bytes;
    }
    this.#wake();
    this.#saveSoon();
  }

  #saveSoon(): void {
    this.#saving ??= this.#save().finally(() => {
      this.#saving = null;
      if (this.#saved !== this.#delivered && !this.#closed) this.#saveSoon();
    });
  }

  /** Says how far it is, as often as the disk manages. What is not said when the process dies is delivered again. */
  async #save(): Promise<void> {
    while (this.#saved !== this.#delivered) {
      const delivered = this.#delivered;
      try {
        const value = Buffer.from(String(delivered));
        await this.#store.write([{ type: 'put', key: 'delivered', value }], false);
        await this.#log.release(delivered);
        this.#saved = delivered;
      } catch (error) {
        if (this.#closed) return;
        await this.#pause(error as Error);
      }
    }
    this.#wake();
  }

  async #pause(error: Error): Promise<void> {
    const { retryWait, retryMaxInterval, onState } = this.#options;
    onState(error.message);
    const wait = Math.min(retryMaxInterval, retryWait * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    const until = performance.now() + wait;
    while (!this.#closed && performance.now() < until) await this.#soon(until - performance.now());
  }

  /** Until something has changed, at most so long. */
  #soon(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, ms));
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

/** A record's body: `[tag, bytes of the tag's msgpack, bytes of the options, number of options, compressed, signal,
 * connection, events]` as msgpack, then the tag's msgpack, the options and the payload as they are. */
function chunkParts(chunk: OutChunk, events: number): Buffer[] {
  const { tag, tagBytes, optionEntries, optionCount, compressed, signal, connectionId, payload } = chunk;
  const optionBytes = optionEntries?.length ?? -1;
  const head = encode([
    tag,
    tagBytes.length,
    optionBytes,
    optionCount,
    compressed,
    signal,
    connectionId,
    events,
  ]);
  return [head, tagBytes, ...(optionEntries ? [optionEntries] : []), ...payload];
}

function chunkOf(body: Buffer): { chunk: OutChunk; events: number } {
  const head = decode(body, { pos: 0 }) as [
    string,
    number,
    number,
    number,
    string | null,
    number,
    number,
    number,
  ];
  const [tag, tagLength, optionBytes, optionCount, compressed, signal, connectionId, events] = head;
  const tagAt = skip(body, 0, body.length);
  const optionsAt = tagAt + tagLength;
  const payload = body.subarray(optionsAt + Math.max(0, optionBytes));
  return {
    events,
    chunk: {
      tag,
      tagBytes: body.subarray(tagAt, optionsAt),
      payload: [payload],
      payloadBytes: payload.length,
      optionEntries: optionBytes < 0 ? null : body.subarray(optionsAt, optionsAt + optionBytes),
      optionCount,
      compressed: compressed as OutChunk['compressed'],
      signal,
      connectionId,
    },
  };
}
