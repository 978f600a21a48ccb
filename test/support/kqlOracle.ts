// A second, slow reading of KQL for tests only, written from the description of Kibana's grammar and of Elasticsearch's
// matching, and sharing no code with `src/`: what the product parses and matches is held against it.

export type OracleNode =
  | { t: 'all' }
  | { t: 'and' | 'or'; of: OracleNode[] }
  | { t: 'not'; of: OracleNode }
  | { t: 'nested'; path: string; of: OracleNode }
  | { t: 'is'; field: Word | null; value: Word }
  | { t: 'range'; field: Word; op: string; value: Word };

/** A literal: `*` outside quotes and escapes is the star sign. */
interface Word {
  /** Characters; null: an unescaped star. */
  readonly chars: readonly (string | null)[];
  readonly quoted: boolean;
}

type Parsed<T> = [value: T, rest: string] | null;

const space = /^[ \t\r\n\u00a0]*/;
const spaces = /^[ \t\r\n\u00a0]+/;
const keyword = /^(?:[ \t\r\n\u00a0]+(?:or|and)[ \t\r\n\u00a0]+|not[ \t\r\n\u00a0]+)/i;

/** Null: not KQL. */
export function oracleParse(text: string): OracleNode | null {
  const start = skip(text);
  if (start === '') return { t: 'all' };
  const parsed = chain('or', start, (s) => chain('and', s, notQuery));
  return parsed !== null && skip(parsed[1]) === '' ? parsed[0] : null;
}

const skip = (s: string): string => s.replace(space, '');

function chain(
  word: 'and' | 'or',
  s: string,
  operand: (s: string) => Parsed<OracleNode>,
): Parsed<OracleNode> {
  const first = operand(s);
  if (!first) return null;
  const of = [first[0]];
  let rest = first[1];
  for (;;) {
    const operator = new RegExp(`^[ \\t\\r\\n\\u00a0]+${word}[ \\t\\r\\n\\u00a0]+`, 'i').exec(rest);
    const next = operator && operand(rest.slice(operator[0].length));
    if (!next) break;
    of.push(next[0]);
    rest = next[1];
  }
  return [of.length === 1 ? of[0]! : { t: word, of }, rest];
}

/** `not` before what `inner` reads, or that alone. */
function negated(s: string, inner: (s: string) => Parsed<OracleNode>): Parsed<OracleNode> {
  const not = /^not/i.test(s) ? spaces.exec(s.slice(3)) : null;
  const of = not && inner(s.slice(3 + not[0].length));
  return of ? [{ t: 'not', of: of[0] }, of[1]] : inner(s);
}

const notQuery = (s: string): Parsed<OracleNode> => negated(s, subQuery);

function subQuery(s: string): Parsed<OracleNode> {
  return enclosed(s, '(', ')', (inner) => chain('or', inner, (x) => chain('and', x, notQuery))) ?? nested(s);
}

function enclosed(
  s: string,
  open: string,
  close: string,
  inner: (s: string) => Parsed<OracleNode>,
): Parsed<OracleNode> {
  if (!s.startsWith(open)) return null;
  const of = inner(skip(s.slice(1)));
  if (!of) return null;
  const rest = skip(of[1]);
  return rest.startsWith(close) ? [of[0], rest.slice(1)] : null;
}

function nested(s: string): Parsed<OracleNode> {
  const field = literal(s);
  if (!field) return null;
  const [name, afterName] = field;
  const rest = skip(afterName);
  if (rest.startsWith(':')) {
    const body = skip(rest.slice(1));
    const braces = enclosed(body, '{', '}', (x) => chain('or', x, (y) => chain('and', y, notQuery)));
    if (braces) return [{ t: 'nested', path: textOf(name), of: braces[0] }, braces[1]];
    const values = listOfValues(name, body);
    if (values) return values;
  }
  const op = /^(?:<=|>=|<|>)/.exec(rest);
  const value = op && literal(skip(rest.slice(op[0].length)));
  if (value) return [{ t: 'range', field: name, op: op[0], value: value[0] }, value[1]];
  return [{ t: 'is', field: null, value: name }, afterName];
}

function listOfValues(field: Word, s: string): Parsed<OracleNode> {
  const inner = (x: string): Parsed<OracleNode> =>
    chain('or', x, (y) => chain('and', y, (z) => negated(z, (q) => listOfValues(field, q))));
  const list = enclosed(s, '(', ')', inner);
  if (list) return list;
  const value = literal(s);
  return value && [{ t: 'is', field, value: value[0] }, value[1]];
}

const white: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

function literal(s: string): Parsed<Word> {
  return s.startsWith('"') ? quoted(s) : unquoted(s);
}

function quoted(s: string): Parsed<Word> {
  const m = /^"((?:\\[\s\S]|[^"\\])*)"/.exec(s);
  if (!m) return null;
  const text = m[1]!.replace(/\\(?:([trn])|u([0-9a-fA-F]{4})|(["\\]))/g, (_, w, hex, c) =>
    w ? white[w]! : hex ? String.fromCharCode(Number.parseInt(hex, 16)) : c,
  );
  return [{ chars: text.split(''), quoted: true }, s.slice(m[0].length)];
}

function unquoted(s: string): Parsed<Word> {
  const chars: (string | null)[] = [];
  let rest = s;
  for (;;) {
    const escaped = /^\\(?:([trn])|([\\():<>"*{}])|u([0-9a-fA-F]{4})|(or|and|not))/i.exec(rest);
    // `t`, `r` and `n` only in lower case.
    const isWhite = escaped?.[1] !== undefined && white[escaped[1]] !== undefined;
    if (escaped && (escaped[1] === undefined || isWhite)) {
      if (escaped[1] !== undefined) chars.push(white[escaped[1]]!);
      else if (escaped[2] !== undefined) chars.push(escaped[2]);
      else if (escaped[3] !== undefined) chars.push(String.fromCharCode(Number.parseInt(escaped[3], 16)));
      else chars.push(...escaped[4]!.split(''));
      rest = rest.slice(escaped[0].length);
    } else if (escaped && /^\\(not)/i.test(rest)) {
      chars.push(...rest.slice(1, 4).split(''));
      rest = rest.slice(4);
    } else if (rest.startsWith('*')) {
      chars.push(null);
      rest = rest.slice(1);
    } else if (rest !== '' && !'\\():<>"{}'.includes(rest[0]!) && !keyword.test(rest)) {
      chars.push(rest[0]!);
      rest = rest.slice(1);
    } else break;
  }
  if (rest === s) return null;
  const isBlank = (c: string | null | undefined): boolean => typeof c === 'string' && c.trim() === '';
  while (chars.length > 0 && isBlank(chars[0])) chars.shift();
  while (chars.length > 0 && isBlank(chars.at(-1))) chars.pop();
  return [{ chars, quoted: false }, rest];
}

const textOf = (w: Word): string => w.chars.map((c) => c ?? '*').join('');
const hasStar = (w: Word): boolean => w.chars.includes(null);
const isLone = (w: Word | null): boolean => w !== null && w.chars.length === 1 && w.chars[0] === null;

/** The tree as text, for comparing with another's. */
export function oracleShape(n: OracleNode): string {
  const word = (w: Word): string => JSON.stringify([w.quoted, w.chars]);
  switch (n.t) {
    case 'all':
      return 'all';
    case 'and':
    case 'or':
      return `(${n.t} ${n.of.map(oracleShape).join(' ')})`;
    case 'not':
      return `(not ${oracleShape(n.of)})`;
    case 'nested':
      return `${n.path}{${oracleShape(n.of)}}`;
    case 'range':
      return `${word(n.field)}${n.op}${word(n.value)}`;
    case 'is':
      return `${n.field ? word(n.field) : '?'}:${word(n.value)}`;
  }
}

type Value = string | number | boolean;
interface Leaf {
  readonly path: string;
  readonly value: Value;
}

/** Whether a JSON record satisfies a query, all fields being keywords (S1 to S6, S8 to S13). */
export function oracleHolds(n: OracleNode, record: unknown): boolean {
  switch (n.t) {
    case 'all':
      return true;
    case 'and':
      return n.of.every((x) => oracleHolds(x, record));
    case 'or':
      return n.of.some((x) => oracleHolds(x, record));
    case 'not':
      return !oracleHolds(n.of, record);
    case 'nested':
      return objects(record, n.path).some((o) => oracleHolds(n.of, o));
    case 'range':
      return at(record, n.field).some((v) => inRange(v, n.op, textOf(n.value)));
    case 'is': {
      const { field, value } = n;
      if (isLone(value)) {
        if (field === null || isLone(field)) return true;
        if (hasStar(field) && !field.quoted) return at(record, field).length > 0;
        const name = textOf(field);
        return leaves(record).some((l) => l.path === name || l.path.startsWith(`${name}.`));
      }
      const seen = field === null ? leaves(record).map((l) => l.value) : at(record, field);
      return seen.some((v) => equals(v, value));
    }
  }
}

function leaves(value: unknown, path = ''): Leaf[] {
  if (Array.isArray(value)) return value.flatMap((v) => leaves(v, path));
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).flatMap((k) =>
      leaves((value as Record<string, unknown>)[k], path === '' ? k : `${path}.${k}`),
    );
  if (value === null || value === undefined || path === '') return [];
  return [{ path, value: value as Value }];
}

function at(record: unknown, field: Word): Value[] {
  return leaves(record)
    .filter((l) => (hasStar(field) ? like(field, l.path) : l.path === textOf(field)))
    .map((l) => l.value);
}

/** The objects at a path: array elements one by one; all that is spelled without an array is one object. */
function objects(record: unknown, path: string): unknown[] {
  if (Array.isArray(record)) return record.flatMap((r) => objects(r, path));
  if (typeof record !== 'object' || record === null) return [];
  const one: Record<string, unknown> = {};
  let isThere = false;
  const found: unknown[] = [];
  const put = (key: string, v: unknown): void => {
    one[key] = key in one ? [one[key], v] : v;
  };
  const walk = (value: unknown, here: string): void => {
    if (Array.isArray(value)) {
      if (here === path) for (const v of value.flat(9)) isObject(v) && found.push(v);
      else if (here.startsWith(`${path}.`)) {
        isThere = true;
        put(here.slice(path.length + 1), value);
      } else if (path.startsWith(`${here}.`)) found.push(...objects(value, path.slice(here.length + 1)));
    } else if (isObject(value)) {
      if (here === path) isThere = true;
      if (here.startsWith(`${path}.`) && Object.keys(value).length === 0) isThere = true;
      for (const k of Object.keys(value)) walk(value[k], here === '' ? k : `${here}.${k}`);
    } else if (here.startsWith(`${path}.`)) {
      isThere = true;
      put(here.slice(path.length + 1), value);
    }
  };
  walk(record, '');
  return isThere ? [one, ...found] : found;
}

const isObject = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

function like(w: Word, text: string): boolean {
  const pattern = w.chars.map((c) => (c === null ? '[\\s\\S]*' : c.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')));
  return new RegExp(`^${pattern.join('')}$`).test(text);
}

function equals(v: Value, w: Word): boolean {
  const text = String(v);
  if (!w.quoted && hasStar(w)) return like(w, text);
  const wanted = textOf(w);
  if (text === wanted) return true;
  return typeof v === 'number' && /^-?\d+(\.\d+)?$/.test(wanted) && Number(wanted) === v;
}

function inRange(v: Value, op: string, wanted: string): boolean {
  const isNumber = (t: string): boolean => /^[-+]?\d+(\.\d*)?(e[-+]?\d+)?$/i.test(t);
  const text = String(v);
  let order: number;
  if (isNumber(wanted) && isNumber(text)) order = Number(text) - Number(wanted);
  else if (isNumber(wanted) || isNumber(text)) return false;
  else order = text < wanted ? -1 : text > wanted ? 1 : 0;
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[op]!;
}
