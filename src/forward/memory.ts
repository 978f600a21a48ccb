// How memory_limit is shared out: the program itself, blocks that connections read into, large messages being read, and
// chunks that wait to be confirmed. No part waits for another one, so that none can hold up the rest for ever.
import { BlockPool } from './blocks.js';
import { LargeMessages } from './largeMessages.js';
import type { ReadMemory } from './valueReader.js';

/** What the program takes without any message: code, rules, the heap's own room. Measured: 97 MiB when ready. */
const PROGRAM_BYTES = 128 * 2 ** 20;

export interface MemoryShares {
  /** Blocks that connections read into. */
  readonly blocks: number;
  /** Messages larger than a connection's share of those, while they are read. */
  readonly large: number;
  /** Chunks accepted and not yet confirmed, past which reading stops; what is left of it, blocks wait in for the next. */
  readonly held: number;
}

/** @param memoryLimit bytes of the whole process; below 256 MiB half of it is the program's. */
export function memoryShares(memoryLimit: number): MemoryShares {
  const room = memoryLimit - Math.min(PROGRAM_BYTES, memoryLimit / 2);
  return { blocks: room / 8, large: room / 2, held: (room * 3) / 8 };
}

export function readMemory(memoryLimit: number): ReadMemory {
  const { blocks, large, held } = memoryShares(memoryLimit);
  return { pool: new BlockPool(blocks, held), large: new LargeMessages({ capacity: large }) };
}
