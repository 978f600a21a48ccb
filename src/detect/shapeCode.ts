// The straightest way through a learned shape: the steps from one on as a function of their own, with their numbers as
// constants in it. Following steps costs a dozen loads and branches a key to find out what to compare; here that is known.
// Measured: 0.67 to 0.42 µs for a record of 2.9 kB and 119 steps, less than a skip over its bytes (0.62).
// The text of a function is put together from whole numbers of the store and nothing else: no byte of a record gets into
// it as text. `#follow` (shapes.ts) is its slow twin, and goes on wherever it stops.
import { encode } from '../msgpack/encode.js';
import { SCALAR_SIZE } from '../msgpack/sizes.js';
import {
  COMPARED,
  CONTAINER,
  DEPTH,
  END,
  KEYED,
  keySize,
  LAST_WORD,
  PARENT,
  REPORTED,
  SCALAR,
  SHORT,
  type ShapeStore,
  STATE,
  STEP,
  WALKED,
  WORDS,
} from './shapeStore.js';

/**
 * The offset that was reached, how many values were found, and how many keys of the record itself and of its `event` map
 * were passed, are put into `reached`; where those keys start into `keys` and `eventKeys`.
 */
type Trace = (
  buf: Buffer,
  view: DataView,
  pos: number,
  states: Int32Array,
  positions: Int32Array,
  reached: Int32Array,
  count: number,
  keys: Int32Array,
  keyCount: number,
  eventKeys: Int32Array,
  eventCount: number,
) => number;

export type { Trace };

/** Steps of one function. */
const MAX_STEPS = 512;
/** So many steps are taken between two looks at the end of the buffer. */
const LOOK = 8;
/** No step but over a long string moves further: a key of 257 bytes, and a value of as many. */
const REACH = 520;

/**
 * The steps from `first` on as long as one follows the other, as a function. It returns the step at which it stopped, for
 * whatever reason, or -1 at the end of the shape. Null: this process may not make functions of text.
 */
export function traceOf(store: ShapeStore, first: number): Trace | null {
  const { steps } = store;
  const lines: string[] = [];
  const seen = new Set<number>();
  let step = first;
  for (;;) {
    const what = steps[step]!;
    if (what === END) {
      lines.push(stopAt(-1));
      break;
    }
    if (what < 0) {
      step = steps[step + WORDS]!;
      continue;
    }
    const isWalked = (what & SCALAR) === 0 && steps[step + CONTAINER] === WALKED;
    if (isWalked || seen.has(step) || seen.size === MAX_STEPS) {
      lines.push(stopAt(step));
      break;
    }
    if (seen.size % LOOK === 0) lines.push(`if (pos > limit) ${stopAt(step)}`);
    seen.add(step);
    lines.push(...codeOf(store, step));
    step += STEP;
  }
  const body = [
    `const limit = buf.length - ${LOOK * REACH};`,
    'let b = 0, at = 0, size = 0;',
    ...lines,
    '',
  ].join('\n');
  try {
    const make = new Function(
      'sizes',
      `return (buf, view, pos, states, positions, reached, count, keys, keyCount, eventKeys, eventCount) => {\n${body}}`,
    ) as (sizes: Uint8Array) => Trace;
    return make(SCALAR_SIZE);
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
}

function stopAt(step: number): string {
  return `{ reached[0] = pos; reached[1] = count; reached[2] = keyCount; reached[3] = eventCount; return ${step}; }`;
}

function codeOf(store: ShapeStore, step: number): string[] {
  const { steps } = store;
  const what = steps[step]!;
  const key = (what & KEYED) === 0 ? 0 : keySize(what);
  const other = stopAt(step);
  const lines: string[] = [];
  if ((what & KEYED) !== 0) lines.push(`if (${otherKey(store, step)}) ${other}`);
  lines.push(`at = pos + ${key};`, 'b = buf[at];');
  const report = (what & REPORTED) === 0 ? [] : [reportOf(steps[step + STATE]!)];
  if (key > 0 && store.places[step + DEPTH] === 1) report.push('keys[keyCount] = pos;', 'keyCount += 1;');
  if (key > 0 && isInEvent(store, step)) report.push('eventKeys[eventCount] = pos;', 'eventCount += 1;');
  if ((what & SCALAR) !== 0) {
    lines.push(
      'if ((b & 0xe0) === 0xa0) size = 1 + (b & 0x1f);',
      'else {',
      'size = b === 0xd9 ? 2 + buf[at + 1] : b === 0xda ? 3 + (buf[at + 1] << 8 | buf[at + 2]) : sizes[b];',
      `if (size === 0) ${other}`,
      '}',
      ...report,
      'pos = at + size;',
      // What comes next may lie anywhere behind a long string.
      `if (size > 257 && pos > limit) ${stopAt(step + STEP)}`,
    );
    return lines;
  }
  const container = steps[step + CONTAINER]!;
  const first = container & 0x1ff;
  const children = container >> 9;
  let size = 1;
  let differs = `b !== ${first}`;
  if (first >= 0xdc) {
    // map16 and array16 are even, map32 and array32 odd; nothing learned has more than 65,535 children.
    const [high, low] = (first & 1) === 0 ? [1, 2] : [3, 4];
    size = low + 1;
    differs += ` || (buf[at + ${high}] << 8 | buf[at + ${low}]) !== ${children}`;
    if (size === 5) differs += ' || buf[at + 1] !== 0 || buf[at + 2] !== 0';
  }
  lines.push(`if (${differs}) ${other}`, ...report, `pos = at + ${size};`);
  return lines;
}

const eventKey = encode('event');

/** Whether a step's key is one of the record's `event` map: of one whose key is compared, which any rule sees to. */
function isInEvent(store: ShapeStore, step: number): boolean {
  const { steps, words, places } = store;
  if (places[step + DEPTH] !== 2) return false;
  const parent = places[step + PARENT]!;
  const what = steps[parent]!;
  if ((what & KEYED) === 0 || (what & COMPARED) === 0 || keySize(what) !== eventKey.length) return false;
  const [first, last] = [words[steps[parent + WORDS]!], words[steps[parent + LAST_WORD]!]];
  return first === eventKey.readInt32LE(0) && last === eventKey.readInt32LE(eventKey.length - 4);
}

/** What is true when the key at `pos` is another one than the step's. */
function otherKey(store: ShapeStore, step: number): string {
  const { steps, words } = store;
  const what = steps[step]!;
  if ((what & COMPARED) === 0) return `buf[pos] !== ${what & 0xff}`;
  const first = steps[step + WORDS]!;
  if ((what & SHORT) !== 0) return `(view.getInt32(pos, true) & ${words[first + 1]}) !== ${words[first]}`;
  const last = steps[step + LAST_WORD]!;
  const differs: string[] = [];
  for (let w = first; w < last; w += 1)
    differs.push(`view.getInt32(pos + ${4 * (w - first)}, true) !== ${words[w]}`);
  differs.push(`view.getInt32(pos + ${keySize(what) - 4}, true) !== ${words[last]}`);
  return differs.join(' || ');
}

function reportOf(state: number): string {
  return `if (b !== 0xc0) { states[count] = ${state}; positions[count] = at; count += 1; }`;
}
