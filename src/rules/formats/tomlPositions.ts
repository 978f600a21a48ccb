// Where keys and values stand in a TOML text. The parser we use gives values without places; this walks the same text
// for places alone and leaves every judgement of syntax to the parser. TOML 1.0: tables, arrays of tables, key/values.
import type { Path } from '../place.js';

export interface TomlString {
  /** Offset of the first character of the content, and which quotes it has. */
  readonly content: number;
  readonly basic: boolean;
}
interface TomlPlace {
  readonly offset: number;
  readonly string: TomlString | null;
}

/** Path (joined with NUL) to place. */
export type TomlPlaces = ReadonlyMap<string, TomlPlace>;

export function pathKey(path: Path): string {
  return path.join('\u0000');
}

export function tomlPlaces(text: string): TomlPlaces {
  return new Walker(text).walk();
}

class Walker {
  readonly #text: string;
  readonly #places = new Map<string, TomlPlace>();
  readonly #arrays = new Map<string, number>();
  #at = 0;
  #table: (string | number)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  walk(): TomlPlaces {
    while (this.#at < this.#text.length) {
      this.#blank();
      const c = this.#text[this.#at];
      if (c === undefined) break;
      if (c === '[') this.#header();
      else if (c === '#') this.#line();
      else this.#pair(this.#table);
      this.#line();
    }
    return this.#places;
  }

  #header(): void {
    const start = this.#at;
    const isArray = this.#text[start + 1] === '[';
    this.#at += isArray ? 2 : 1;
    const keys = this.#keys();
    const path: (string | number)[] = [];
    keys.forEach((key, i) => {
      path.push(key);
      const name = pathKey(path);
      if (i === keys.length - 1 && isArray) {
        const index = (this.#arrays.get(name) ?? -1) + 1;
        this.#arrays.set(name, index);
        path.push(index);
      } else {
        const index = this.#arrays.get(name);
        if (index !== undefined) path.push(index);
      }
    });
    this.#table = path;
    this.#note(path, start, null);
  }

  #pair(table: readonly (string | number)[]): void {
    const start = this.#at;
    const keys = this.#keys();
    if (this.#text[this.#at] !== '=') {
      this.#at = Math.max(this.#at, start + 1);
      return;
    }
    this.#at += 1;
    this.#spaces();
    this.#value([...table, ...keys]);
  }

  #keys(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#spaces();
      const c = this.#text[this.#at];
      if (c === '"' || c === "'") {
        const start = this.#at + 1;
        this.#string();
        keys.push(this.#text.slice(start, this.#at - 1));
      } else {
        const word = /[A-Za-z0-9_-]*/y;
        word.lastIndex = this.#at;
        keys.push(word.exec(this.#text)![0]);
        this.#at = word.lastIndex;
      }
      this.#spaces();
      if (this.#text[this.#at] !== '.') return keys;
      this.#at += 1;
    }
  }

  #value(path: readonly (string | number)[]): void {
    const start = this.#at;
    const c = this.#text[start];
    if (c === '"' || c === "'") {
      this.#note(path, start, this.#string());
    } else if (c === '[') {
      this.#note(path, start, null);
      this.#at += 1;
      for (let i = 0; ; i += 1) {
        this.#blankAndComments();
        if (this.#text[this.#at] === ']' || this.#at >= this.#text.length) break;
        this.#value([...path, i]);
        this.#blankAndComments();
        if (this.#text[this.#at] === ',') this.#at += 1;
      }
      this.#at += 1;
    } else if (c === '{') {
      this.#note(path, start, null);
      this.#at += 1;
      for (;;) {
        this.#blankAndComments();
        if (this.#text[this.#at] === '}' || this.#at >= this.#text.length) break;
        this.#pair(path);
        this.#blankAndComments();
        if (this.#text[this.#at] === ',') this.#at += 1;
      }
      this.#at += 1;
    } else {
      this.#note(path, start, null);
      const rest = /[^,\]}#\r\n]*/y;
      rest.lastIndex = start;
      rest.exec(this.#text);
      this.#at = Math.max(rest.lastIndex, start + 1);
    }
  }

  /** Any of the four kinds of string; leaves `#at` past it. */
  #string(): TomlString {
    const text = this.#text;
    const quote = text[this.#at]!;
    const basic = quote === '"';
    const long = text.startsWith(quote.repeat(3), this.#at);
    let content = this.#at + (long ? 3 : 1);
    if (long) {
      // A newline right after the opening quotes is not part of the string.
      if (text[content] === '\n') content += 1;
      else if (text.startsWith('\r\n', content)) content += 2;
    }
    const close = long ? quote.repeat(3) : quote;
    let at = content;
    while (at < text.length && !text.startsWith(close, at)) {
      if (!long && text[at] === '\n') break;
      at += basic && text[at] === '\\' ? 2 : 1;
    }
    at += close.length;
    // Up to two quotes may stand before the closing three.
    while (long && text[at] === quote) at += 1;
    this.#at = at;
    return { content, basic };
  }

  #note(path: readonly (string | number)[], offset: number, string: TomlString | null): void {
    this.#places.set(pathKey(path), { offset, string });
  }

  #spaces(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at += 1;
  }
  #blank(): void {
    while (/\s/.test(this.#text[this.#at] ?? 'x')) this.#at += 1;
  }
  #blankAndComments(): void {
    for (;;) {
      this.#blank();
      if (this.#text[this.#at] !== '#') return;
      this.#line();
    }
  }
  #line(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end + 1;
  }
}

/** The offset in the file of a character of a string, by its offset in the string's text: escapes cost more than one. */
export function offsetInString(text: string, string: TomlString, wanted: number): number {
  let at = string.content;
  let seen = 0;
  while (seen < wanted && at < text.length) {
    if (string.basic && text[at] === '\\') {
      const next = text[at + 1];
      const continued = /\\[ \t]*\r?\n\s*/y;
      continued.lastIndex = at;
      if (continued.exec(text)) {
        at = continued.lastIndex;
        continue;
      }
      const size = next === 'u' ? 6 : next === 'U' ? 10 : 2;
      // A character past U+FFFF is two units of the text.
      seen += next === 'U' && Number.parseInt(text.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1;
      at += size;
    } else if (text[at] === '\r' && text[at + 1] === '\n') {
      // The parser keeps or normalises CRLF; a caret one column off in the next line is what it can cost.
      at += 1;
      seen += 1;
    } else {
      at += 1;
      seen += 1;
    }
  }
  return at;
}
