// Where every event goes on: one output of the stage. It confirms a chunk when its own other end has confirmed it.

/** A chunk to be written downstream as one PackedForward message. The byte slices stay untouched until its fate is told. */
export interface OutChunk {
  /** The tag as a msgpack str, header included; and its text. */
  readonly tagBytes: Buffer;
  readonly tag: string;
  /** The entries (`[time, record]` pairs end to end), or the compressed payload as it came, in slices. */
  readonly payload: readonly Buffer[];
  readonly payloadBytes: number;
  /** The sender's option entries as msgpack key/value pairs end to end, `chunk` left out; and their number. */
  readonly optionEntries: Buffer | null;
  readonly optionCount: number;
  readonly compressed: 'gzip' | 'zstd' | null;
  /** Not 0: not log entries (Fluent Bit's metrics, traces): the payload is passed on unread. */
  readonly signal: number;
  /** Upstream connection, so that an output can keep its order. */
  readonly connectionId: number;
  /** One event that came as a message of its own: it may go on in one chunk with others of its tag. */
  readonly isSingle?: boolean;
}

/** Who is told what became of a chunk: one of both, once. Not a promise: with one event a chunk those are a part of its cost. */
export interface Fate {
  confirm(): void;
  fail(cause: Error): void;
}

export interface Output {
  readonly name: string;
  /** It counts itself what is delivered: chunks are confirmed before. */
  readonly buffered?: boolean;
  /**
   * Takes a chunk. It is confirmed (acked, written) some time, perhaps before this returns. Retries by itself for ever; a
   * chunk fails when the output is closed first, and when this output can never take it. @param events how many are in it.
   */
  send(chunk: OutChunk, events: number, fate: Fate): void;
  /** True while the other end can be reached, for /readyz. */
  readonly ready: boolean;
  /** Waits for what was written to be confirmed, at most `timeoutMs`, then lets go. Returns how many chunks were not. */
  close(timeoutMs: number): Promise<number>;
}

/** Sends a chunk; resolves when it is confirmed, rejects when it fails. */
export function confirmedBy(output: Output, chunk: OutChunk, events: number): Promise<void> {
  return new Promise((resolve, reject) => output.send(chunk, events, { confirm: resolve, fail: reject }));
}
