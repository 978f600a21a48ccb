// The text of a rule file, or why there is none: bounded in size, UTF-8 only.
import { readFileSync, statSync } from 'node:fs';

/** Elastic's whole set of prebuilt rules, exported, has about 20 MiB. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A byte order mark is left out. `problem` is null when the text is good. */
export function readText(file: string): { readonly text: string; readonly problem: string | null } {
  const without = (problem: string): { text: string; problem: string } => ({ text: '', problem });
  let bytes: Buffer;
  try {
    const { size } = statSync(file);
    if (size > MAX_FILE_BYTES)
      return without(`the file is over ${MAX_FILE_BYTES / 2 ** 20} MiB; split it in several`);
    bytes = readFileSync(file);
  } catch (error) {
    return without((error as Error).message);
  }
  try {
    return { text: utf8.decode(bytes), problem: null };
  } catch {
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    return without(`the file is no UTF-8 text${isUtf16 ? ' but UTF-16: save it as UTF-8' : ''}`);
  }
}
