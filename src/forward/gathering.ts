// Events that come as messages of their own go on together: Docker and small apps send one event a message, over many
// connections, and a message of its own downstream for each costs far more than its event. Nothing waits for more to
// come: what one turn of the event loop has read goes out at its end. Chunks stay the chunks they are.
import type { OutChunk } from '../sinks/output.js';

/** Larger ones go out by themselves, at once. Bytes. */
const SMALL = 16 * 1024;
/** A gathered chunk is no larger. Bytes. */
const FULL = 256 * 1024;

/** Who is told of a chunk's fate. */
export interface Waiter {
  confirm(): void;
  fail(cause: Error): void;
}

/** One chunk to send, for one waiter or many. */
export interface Gathered {
  readonly chunk: OutChunk;
  readonly waiters: readonly Waiter[];
}

interface Group {
  readonly first: OutChunk;
  readonly slices: Buffer[];
  readonly waiters: Waiter[];
  bytes: number;
}

export class Gathering {
  #groups: Group[] = [];

  /** Adds a chunk; true: it should not wait. */
  add(chunk: OutChunk, waiter: Waiter): boolean {
    const last = this.#groups[this.#groups.length - 1];
    if (last && canJoin(last, chunk)) {
      for (const slice of chunk.payload) last.slices.push(slice);
      last.bytes += chunk.payloadBytes;
      last.waiters.push(waiter);
      return last.bytes > FULL - SMALL;
    }
    this.#groups.push({
      first: chunk,
      slices: [...chunk.payload],
      waiters: [waiter],
      bytes: chunk.payloadBytes,
    });
    return !isSingle(chunk) || chunk.payloadBytes > SMALL;
  }

  /** What has been gathered, in order; then there is nothing. */
  take(): Gathered[] {
    const groups = this.#groups;
    this.#groups = [];
    return groups.map(({ first, slices, waiters, bytes }) => ({
      chunk:
        waiters.length === 1
          ? first
          : { ...first, payload: [Buffer.concat(slices, bytes)], payloadBytes: bytes },
      waiters,
    }));
  }
}

/** Entries of the same tag, and nothing said about them that would not be true of them all. */
function canJoin(group: Group, chunk: OutChunk): boolean {
  const { first } = group;
  return (
    chunk.payloadBytes <= SMALL &&
    group.bytes + chunk.payloadBytes <= FULL &&
    isSingle(chunk) &&
    isSingle(first) &&
    chunk.tag === first.tag
  );
}

function isSingle(chunk: OutChunk): boolean {
  return chunk.isSingle === true && chunk.optionCount === 0 && chunk.signal === 0;
}
