// All values of a plain record by their paths, found in one pass: for whoever asks for many paths of one record. Twin of
// `rawValues`, which looks for one.
import { jsonInText } from './jsonText.js';
import type { RawValue } from './mapping.js';
import { isMap, plainEntries } from './plain.js';
import { pushScalar, type RawPathOptions } from './rawValues.js';
import { snakeCase } from './snakeCase.js';

type Keys = RawPathOptions['keys'];
type Values = Map<string, RawValue[]>;

export class RecordIndex {
  readonly #record: unknown;
  readonly #jsonText: readonly string[];
  readonly #byKeys = new Map<Keys, Values>();

  /** @param jsonText raw paths whose string holds JSON text. */
  constructor(record: unknown, jsonText: readonly string[]) {
    this.#record = record;
    this.#jsonText = jsonText;
  }

  /** The scalars exactly at a dotted path, in document order. */
  values(path: string, keys: Keys): readonly RawValue[] {
    let values = this.#byKeys.get(keys);
    if (!values) {
      values = new Map();
      this.#byKeys.set(keys, values);
      this.#collect(this.#record, null, '', keys, values);
    }
    return values.get(path) ?? [];
  }

  /** @param path in the spelling that is asked for; null: the record itself. `at` is the record's own. */
  #collect(value: unknown, path: string | null, at: string, keys: Keys, into: Values): void {
    if (Array.isArray(value)) {
      for (const element of value) this.#collect(element, path, at, keys, into);
      return;
    }
    if (isMap(value)) {
      for (const [key, inner] of plainEntries(value)) {
        const name = keys === 'snake' ? snakeCase(key) : key;
        this.#collect(
          inner,
          path === null ? name : `${path}.${name}`,
          at === '' ? key : `${at}.${key}`,
          keys,
          into,
        );
      }
      return;
    }
    if (path !== null) {
      const values = into.get(path);
      if (values) pushScalar(value, values);
      else {
        const first: RawValue[] = [];
        pushScalar(value, first);
        if (first.length > 0) into.set(path, first);
      }
    }
    if (typeof value !== 'string' || !this.#jsonText.includes(at)) return;
    const inside = jsonInText(value);
    if (inside !== undefined) this.#collect(inside, path, at, keys, into);
  }
}
