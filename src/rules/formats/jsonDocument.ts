// JSON with places. The value is JSON.parse's, a hundred times as fast as a document tree: an export has thousands of
// lines. Places are looked up in the text when something is to be said of them.
import type { Path, Place, SourceDocument } from '../place.js';
import { RuleFileError } from '../ruleError.js';
import { jsonOffset, offsetInJsonString } from './jsonPlaces.js';
import { yamlDocuments } from './yamlDocument.js';

/** Containers inside one another; the deepest published rule has 8. */
const MAX_DEPTH = 100;

/**
 * The one value of a JSON text; null: the text is blank.
 * @param firstLine line of the file at which `text` begins.
 * @throws RuleFileError on a syntax error.
 */
export function jsonDocument(text: string, firstLine = 1): SourceDocument | null {
  if (text.trim() === '') return null;
  refuseDepth(text, firstLine);
  try {
    return new JsonSource(JSON.parse(text), text, firstLine);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The tree's reader says where; what it lets pass as YAML is no JSON all the same.
    yamlDocuments(text, firstLine);
    throw new RuleFileError('syntax', placeOf(text, firstLine, offsetOf(error)), `not JSON: ${what(error)}`);
  }
}

class JsonSource implements SourceDocument {
  readonly value: unknown;
  readonly #text: string;
  readonly #firstLine: number;

  constructor(value: unknown, text: string, firstLine: number) {
    this.value = value;
    this.#text = text;
    this.#firstLine = firstLine;
  }

  place(path: Path): Place {
    return placeOf(this.#text, this.#firstLine, jsonOffset(this.#text, path));
  }

  placeIn(path: Path, offset: number): Place {
    const start = jsonOffset(this.#text, path);
    const at = this.#text[start] === '"' ? offsetInJsonString(this.#text, start, offset) : start;
    return placeOf(this.#text, this.#firstLine, at);
  }
}

/** Deep nesting is told before anything recursive meets it. */
function refuseDepth(text: string, firstLine: number): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i += 1;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x5b || c === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) {
        const message = `lists and objects are more than ${MAX_DEPTH} deep inside one another`;
        throw new RuleFileError('syntax', placeOf(text, firstLine, i), message);
      }
    } else if (c === 0x5d || c === 0x7d) depth -= 1;
  }
}

function placeOf(text: string, firstLine: number, offset: number): Place {
  const before = text.slice(0, offset).split('\n');
  return { line: firstLine + before.length - 1, column: before[before.length - 1]!.length + 1 };
}

/** V8 says `… at position 12 …`; without it the beginning. */
function offsetOf(error: SyntaxError): number {
  return Number(/at position (\d+)/.exec(error.message)?.[1] ?? 0);
}

function what(error: SyntaxError): string {
  return error.message.replace(/ (?:in JSON )?at position .*$/s, '');
}
