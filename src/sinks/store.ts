// The store on disk: a LevelDB (`classic-level`; docs/adr/0003-spool-store.md) that says what is wrong with it. A
// damaged one is copied aside, repaired and used; after a write that failed it is opened anew, because LevelDB takes no
// write after a failed one, and what follows a half-written record in its log would not be read again.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { type BatchOperation, ClassicLevel } from 'classic-level';

type Level = ClassicLevel<string, Buffer>;
export type StoreWrite = BatchOperation<Level, string, Buffer>;

/** The store cannot be opened: another process has it, or the disk refuses. */
export class SpoolError extends Error {
  readonly locked: boolean;
  constructor(message: string, locked: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SpoolError';
    this.locked = locked;
  }
}

/** What was done about a damaged store. */
export interface Damage {
  readonly why: string;
  /** Where its files are kept as they were found; null: they could not be copied. */
  readonly copy: string | null;
}

export class Store {
  readonly path: string;
  readonly #level: Level;
  #opening: Promise<void> | null = null;
  #closed = false;
  /** What was found at the start and repaired; null: it was sound. */
  readonly damage: Damage | null;

  private constructor(path: string, level: Level, damage: Damage | null) {
    this.path = path;
    this.#level = level;
    this.damage = damage;
  }

  /** @param nowMs epoch ms, for the name of a damaged store's copy. @throws SpoolError */
  static async open(path: string, nowMs: number): Promise<Store> {
    let damage: Damage | null = null;
    try {
      mkdirSync(path, { recursive: true });
      if (lacksCurrent(path)) damage = await repaired(path, 'its CURRENT file is missing', nowMs);
      return new Store(path, await levelAt(path), damage);
    } catch (error) {
      if (!isDamage(error)) throw openError(path, error);
      try {
        damage = await repaired(path, causeOf(error).message, nowMs);
        return new Store(path, await levelAt(path), damage);
      } catch (again) {
        throw openError(path, again);
      }
    }
  }

  async get(key: string): Promise<Buffer | undefined> {
    await this.#ready();
    return this.#level.get(key);
  }

  /** Keys from `gte` up to and without `lt`, in order. */
  async *entries(gte: string, lt: string, limit = -1): AsyncGenerator<[string, Buffer]> {
    await this.#ready();
    yield* this.#level.iterator({ gte, lt, limit });
  }

  /** @param sync resolves when it is on disk, not only with the kernel. @throws what the disk says; nothing is written. */
  async write(writes: StoreWrite[], sync: boolean): Promise<void> {
    await this.#ready();
    try {
      await this.#level.batch(writes, { sync });
    } catch (error) {
      await this.#level.close();
      throw new Error(causeOf(error).message, { cause: error });
    }
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#level.close();
  }

  async #ready(): Promise<void> {
    if (this.#closed) throw new Error('the spool is closed');
    if (this.#level.status === 'open') return;
    this.#opening ??= this.#level.open().finally(() => {
      this.#opening = null;
    });
    try {
      await this.#opening;
    } catch (error) {
      throw new Error(causeOf(error).message, { cause: error });
    }
  }
}

async function levelAt(path: string): Promise<Level> {
  const level: Level = new ClassicLevel(path, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
  await level.open();
  try {
    // Opening reads the log and not the tables.
    for await (const key of level.keys()) void key;
  } catch (error) {
    await level.close();
    throw error;
  }
  return level;
}

/** LevelDB would begin anew where CURRENT is missing, and remove what is there. */
function lacksCurrent(path: string): boolean {
  const files = readdirSync(path);
  return !files.includes('CURRENT') && files.some((f) => /^(\d+\.(log|ldb)|MANIFEST-\d+)$/.test(f));
}

async function repaired(path: string, why: string, nowMs: number): Promise<Damage> {
  let copy: string | null = `${path}.damaged-${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}`;
  try {
    cpSync(path, copy, { recursive: true, errorOnExist: true });
  } catch {
    // Said in the log line: no copy. Better a repaired spool than none.
    copy = null;
  }
  await ClassicLevel.repair(path);
  return { why, copy };
}

function causeOf(error: unknown): { code?: string; message: string } {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  const code = cause?.code ?? (error as { code?: string }).code;
  return { ...(code ? { code } : {}), message: cause?.message ?? (error as Error).message };
}

function isDamage(error: unknown): boolean {
  const { code, message } = causeOf(error);
  return code === 'LEVEL_CORRUPTION' || /corruption|missing files|no such file|not a valid/i.test(message);
}

function openError(path: string, error: unknown): SpoolError {
  const { code, message } = causeOf(error);
  const locked = code === 'LEVEL_LOCKED';
  const why = locked
    ? 'another process uses it; stop that one, or say another path'
    : `${message}; see the disk and its permissions, or move the folder away (what waits in it is then not delivered)`;
  return new SpoolError(`cannot open the spool ${path}: ${why}`, locked, { cause: error });
}
