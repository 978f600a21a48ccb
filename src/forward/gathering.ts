// Events that come as messages of their own go on together: Docker and small apps send one event a message, over many
// connections, and a message of its own downstream for each costs far more than its event. Nothing waits for more to
// come: what one turn of the event loop has read goes out at its end. Chunks stay the chunks they are.
import type { Fate, OutChunk } from '../sinks/output.js';

/** Larger ones go out by themselves, at once. Bytes. */
const SMALL = 16 * 1024;
/** A gathered chunk is no larger. Bytes. */
const FULL = 256 * 1024;

/** One chunk to send, for those that went into it. */
export interface Gathered {
  readonly chunk: OutChunk;
  readonly fates: readonly Fate[];
}

interface Group {
  readonly first: OutChunk;
  readonly slices: Buffer[];
  readonly fates: Fate[];
  bytes: number;
}

/** Whether a chunk may wait for others to the end of the turn. */
export function mayGather(chunk: OutChunk): boolean {
  return chunk.payloadBytes <= SMALL && isSingle(chunk);
}

export class Gathering {
  #groups: Group[] = [];

  get isEmpty(): boolean {
    return this.#groups.length === 0;
  }

  /** Adds a chunk that may wait; true: it should not any more. */
  add(chunk: OutChunk, fate: Fate): boolean {
    const last = this.#groups[this.#groups.length - 1];
    if (last && canJoin(last, chunk)) {
      for (const slice of chunk.payload) last.slices.push(slice);
      last.bytes += chunk.payloadBytes;
      last.fates.push(fate);
      return last.bytes > FULL - SMALL;
    }
    this.#groups.push({
      first: chunk,
      slices: [...chunk.payload],
      fates: [fate],
      bytes: chunk.payloadBytes,
    });
    return false;
  }

  /** What has been gathered, in order; then there is nothing. */
  take(): Gathered[] {
    const groups = this.#groups;
    this.#groups = [];
    return groups.map(({ first, slices, fates, bytes }) => ({
      chunk:
        fates.length === 1
          ? first
          : { ...first, payload: [Buffer.concat(slices, bytes)], payloadBytes: bytes },
      fates,
    }));
  }
}

/** Entries of the same tag, and nothing said about them that would not be true of them all. */
function canJoin(group: Group, chunk: OutChunk): boolean {
  const { first } = group;
  return group.bytes + chunk.payloadBytes <= FULL && chunk.tag === first.tag;
}

function isSingle(chunk: OutChunk): boolean {
  return chunk.isSingle === true && chunk.optionCount === 0 && chunk.signal === 0;
}
