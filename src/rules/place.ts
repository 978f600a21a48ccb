// Places in rule files: a line and a column (1-based, UTF-16 units), found from the path of a value and, inside a
// string, from the offset in its text. Each format brings its own way of finding them.

export interface Place {
  readonly line: number;
  readonly column: number;
}
export const firstPlace: Place = { line: 1, column: 1 };
export type Path = readonly (string | number)[];

/** One rule (or exception item) as it stood in a file, with the way back to its places. */
export interface SourceDocument {
  /** The value in Kibana's schema, unchecked. */
  readonly value: unknown;
  /** Where the value at a path of `value` stands; the nearest parent's place when it is not there. */
  place(path: Path): Place;
  /** The place of a character of the string at `path`, by its offset in the text. */
  placeIn(path: Path, offset: number): Place;
}

export class Lines {
  readonly #starts: number[] = [0];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  placeOf(offset: number): Place {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.#starts[mid]! <= offset) low = mid;
      else high = mid - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }

  line(number: number): string {
    const start = this.#starts[number - 1] ?? 0;
    const end = this.#text.indexOf('\n', start);
    return (end === -1 ? this.#text.slice(start) : this.#text.slice(start, end)).replace(/\r$/, '');
  }
}
