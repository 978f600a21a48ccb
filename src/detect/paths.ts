// Which keys of a record lead to a field that some rule reads: an automaton over keys, built as keys are met.
// A state is a set of path remainders; a key (nested, dotted, or in a source's own spelling) moves to the state of
// what is left of them. Moves are learned once a key and then cost one comparison of bytes. It knows no values.

/** One path to be watched for. Every scalar found there is reported under `slot`. */
export interface Want {
  readonly slot: number;
  /** Dotted path from the record's root; never empty. */
  readonly path: string;
  /** `snake`: the key's snake_case is compared (Elastic's azure integration); `exact`: the key as written. */
  readonly keys: 'exact' | 'snake';
  /** Report every scalar at the path and anywhere below it (for `field:*` on objects). */
  readonly deep: boolean;
  /** Report what a key spells that goes on below the path too (`a.b` of `a`), but nothing inside of it. */
  readonly begins?: boolean;
}

interface Rest {
  readonly want: Want;
  /** What of the path is left; '' only for deep wants. */
  readonly rest: string;
}

/** A key that was met in a state, and where it leads. `next` remembers which key followed it last time. */
export interface LearnedKey {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly target: PathState | null;
  next: LearnedKey | null;
  /** Chain of the hash table. */
  readonly chained: LearnedKey | null;
}

/** Keys learned a state; past it (a hostile sender's random keys) each is worked out afresh. */
const MAX_LEARNED = 4096;
const TABLE_SIZE = 256;

export class PathState {
  /** Its place in the set's `states`. */
  readonly id: number;
  /** Slots that a scalar here belongs to, ascending. */
  readonly slots: readonly number[];
  /** By length in bytes: 0 when no key of that length leads anywhere, so that most keys are not even compared. */
  readonly lengths: Uint8Array;
  /** Some path goes on from here; false: every scalar at or below belongs to the slots, whatever its keys. */
  readonly leadsOn: boolean;
  /** For a walker that wants one scalar of such a state: the record in which it has had it. */
  witnessed = 0;
  /** The key that may lead somewhere which came first in this map last time. */
  first: LearnedKey | null = null;
  readonly #exact = new Map<string, Rest[]>();
  readonly #snake = new Map<string, Rest[]>();
  readonly #below: Rest[] = [];
  readonly #states: StateSet;
  readonly #table: (LearnedKey | null)[] = new Array(TABLE_SIZE).fill(null);
  #learned = 0;

  constructor(id: number, rests: readonly Rest[], slots: readonly number[], states: StateSet) {
    this.id = id;
    this.slots = slots;
    this.#states = states;
    for (const rest of rests) {
      if (rest.rest === '') {
        this.#below.push(rest);
        continue;
      }
      const index = rest.want.keys === 'exact' ? this.#exact : this.#snake;
      const first = firstSegment(rest.rest);
      const list = index.get(first);
      if (list) list.push(rest);
      else index.set(first, [rest]);
    }
    this.lengths = lengthsOf(rests);
    this.leadsOn = rests.length > this.#below.length;
  }

  /** The learned key for the bytes `[start, start + length)`, learning it if it is new. */
  find(buf: Uint8Array, view: DataView, start: number, length: number): LearnedKey {
    const hash = hashOf(buf, start, length);
    for (let k = this.#table[hash]!; k !== null; k = k.chained!) {
      if (sameKey(k, view, buf, start, length)) return k;
    }
    const bytes = Uint8Array.prototype.slice.call(buf, start, start + length);
    const key: LearnedKey = {
      bytes,
      words: wordsOf(bytes),
      target: this.#move(Buffer.from(bytes).toString('utf8')),
      next: null,
      chained: this.#table[hash]!,
    };
    if (this.#learned < MAX_LEARNED) {
      this.#learned += 1;
      this.#table[hash] = key;
    }
    return key;
  }

  #move(key: string): PathState | null {
    const rests: Rest[] = [...this.#below];
    const slots: number[] = this.#below.map((b) => b.want.slot);
    const follow = (candidates: readonly Rest[] | undefined, name: string): void => {
      for (const { want, rest } of candidates ?? []) {
        if (rest === name) {
          slots.push(want.slot);
          if (want.deep) rests.push({ want, rest: '' });
        } else if (rest.length > name.length && rest[name.length] === '.' && rest.startsWith(name)) {
          rests.push({ want, rest: rest.slice(name.length + 1) });
        } else if ((want.deep || want.begins) && name[rest.length] === '.' && name.startsWith(rest)) {
          // One key spells more than the path: `a.b.c` holds a value below `a`.
          slots.push(want.slot);
          if (want.deep) rests.push({ want, rest: '' });
        }
      }
    };
    follow(this.#exact.get(firstSegment(key)), key);
    if (this.#snake.size > 0) {
      const snake = snakeKey(key);
      follow(this.#snake.get(firstSegment(snake)), snake);
    }
    return rests.length === 0 && slots.length === 0 ? null : this.#states.intern(rests, slots);
  }
}

/** The states of one set of wants, each made once. */
export class StateSet {
  readonly root: PathState;
  /** All states met so far, by id. */
  readonly states: PathState[] = [];
  readonly #known = new Map<string, PathState>();

  constructor(wants: readonly Want[]) {
    this.root = this.intern(
      wants.map((want) => ({ want, rest: want.path })),
      [],
    );
  }

  /** The state after the keys of a dotted path, each spelled as written; null: nothing is wanted there. */
  at(path: string): PathState | null {
    let state: PathState | null = this.root;
    for (const segment of path.split('.')) {
      if (state === null) return null;
      const bytes = Buffer.from(segment, 'utf8');
      state = state.find(
        bytes,
        new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
        0,
        bytes.length,
      ).target;
    }
    return state;
  }

  intern(rests: readonly Rest[], slots: readonly number[]): PathState {
    const unique = [...new Set(slots)].sort((a, b) => a - b);
    const name = `${unique.join()}|${rests
      .map((r) => `${r.want.slot}${r.want.keys}${r.want.deep}${r.want.begins === true}${r.rest}`)
      .sort()
      .join('\n')}`;
    let state = this.#known.get(name);
    if (!state) {
      state = new PathState(this.states.length, rests, unique, this);
      this.states.push(state);
      this.#known.set(name, state);
    }
    return state;
  }
}

/** Longer keys are always looked at. */
const LENGTHS = 256;

/** The lengths of the keys that can spell the start of a path: each of its dotted beginnings, in either spelling. */
function lengthsOf(rests: readonly Rest[]): Uint8Array {
  const lengths = new Uint8Array(LENGTHS);
  for (const { want, rest } of rests) {
    // Below a deep want every key counts, and one key may spell more than its path.
    if (want.deep) return lengths.fill(1);
    if (want.begins) lengths.fill(1, Math.min(LENGTHS, Buffer.byteLength(rest, 'utf8')));
    let beginning = '';
    for (const segment of rest.split('.')) {
      beginning = beginning === '' ? segment : `${beginning}.${segment}`;
      const longest = Buffer.byteLength(beginning, 'utf8');
      // A raw key lacks the underscores that its snake_case has.
      const missing = want.keys === 'snake' ? beginning.split('_').length - 1 : 0;
      for (let length = longest - missing; length <= longest && length < LENGTHS; length += 1)
        lengths[length] = 1;
    }
  }
  return lengths;
}

/** Whether `key` is the bytes `[start, start + length)`. Four bytes a step: a key is compared on every event. */
export function sameKey(
  key: LearnedKey,
  view: DataView,
  buf: Uint8Array,
  start: number,
  length: number,
): boolean {
  const bytes = key.bytes;
  if (bytes.length !== length) return false;
  const words = key.words;
  const whole = words.length;
  for (let i = 0; i < whole; i += 1) {
    if (view.getInt32(start + i * 4, true) !== words[i]) return false;
  }
  for (let i = whole * 4; i < length; i += 1) if (buf[start + i] !== bytes[i]) return false;
  return true;
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int32Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getInt32(i * 4, true));
}

function hashOf(buf: Uint8Array, start: number, length: number): number {
  if (length === 0) return 0;
  const h =
    length * 7 + buf[start]! * 31 + buf[start + (length >>> 1)]! * 17 + buf[start + length - 1]! * 131;
  return h & (TABLE_SIZE - 1);
}

function firstSegment(path: string): string {
  const dot = path.indexOf('.');
  return dot === -1 ? path : path.slice(0, dot);
}

/** Elastic's azure integration: `_` between a lower-case letter and the capitals after it, then lower case. */
function snakeKey(key: string): string {
  return key.replace(/([a-z])([A-Z]+)/g, '$1_$2').toLowerCase();
}
