// Bytes to lines, in constant memory; LF or CRLF, a BOM at the start left out.

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  readonly text: string;
}

export async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncIterable<Line> {
  let rest: Buffer[] = [];
  let number = 0;
  const line = (end: Buffer): Line => {
    const whole = rest.length === 0 ? end : Buffer.concat([...rest, end]);
    rest = [];
    number += 1;
    const text = whole.toString('utf8', number === 1 && hasBom(whole) ? 3 : 0);
    return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text };
  };
  for await (const piece of bytes) {
    let from = 0;
    for (let end = piece.indexOf(0x0a); end !== -1; end = piece.indexOf(0x0a, from)) {
      yield line(piece.subarray(from, end));
      from = end + 1;
    }
    if (from < piece.length) rest.push(piece.subarray(from));
  }
  if (rest.length > 0) yield line(Buffer.alloc(0));
}

function hasBom(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}
