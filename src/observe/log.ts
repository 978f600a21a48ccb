// Logging by pino: JSON lines, or people's lines on a terminal; to stderr, synchronously, so that nothing is lost at
// exit. A line that would be said over and over is said once a while, with a count of what was held back.
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { SocketLog } from './socketLog.js';

export type { Logger } from 'pino';

export interface LogOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
  /** A file that lines are appended to, or a socket (`tcp://HOST:PORT`, `unix:///PATH`); null: stderr. */
  readonly path?: string | null;
  /** Instead of both. */
  readonly stream?: DestinationStream;
}

/** Keys that never reach a log line. */
const secrets = ['password', 'shared_key', 'sharedKey', 'token', 'authorization', 'privateKeyPassphrase'];

export function createLog(options: LogOptions): Logger {
  const stream = options.stream ?? streamTo(options.path ?? null);
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...secrets, ...secrets.map((s) => `*.${s}`), ...secrets.map((s) => `*.*.${s}`)] },
    },
    options.format === 'json' ? stream : { write: (line: string) => stream.write(peopleLine(line)) },
  );
}

function streamTo(path: string | null): DestinationStream {
  if (path === null) return destination({ fd: 2, sync: true });
  if (/^(tcp|unix):\/\//.test(path)) return new SocketLog(path);
  return destination({ dest: path, append: true, mkdir: true, sync: true });
}

/** `08:15:02 warn  message key=value`: the ready line begins with `ready`. */
function peopleLine(line: string): string {
  const { level, time, msg, hint, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${shown(value)}`);
  if (msg === 'ready') return `ready ${fields.join(' ')}\n`;
  const advice = hint === undefined ? '' : `\n${' '.repeat(15)}→ ${JSON.stringify(hint).slice(1, -1)}`;
  const clock = String(time).slice(11, 19);
  return `${clock} ${String(level).padEnd(5)} ${String(msg)}${fields.length > 0 ? `  ${fields.join(' ')}` : ''}${advice}\n`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Log values are attackers' values: control characters would drive the terminal.
  return /^[\w./:@[\],+-]+$/.test(text) ? text : JSON.stringify(text);
}

/** Says a thing of one kind at most once in `everyMs`; the next time, how often it was held back. */
export class RateLimit {
  readonly #everyMs: number;
  readonly #now: () => number;
  readonly #said = new Map<string, { at: number; heldBack: number }>();

  constructor(everyMs: number, now: () => number) {
    this.#everyMs = everyMs;
    this.#now = now;
  }

  /** Calls `say` with the number of times it was held back since, or not at all. */
  limit(kind: string, say: (heldBack: number) => void): void {
    const now = this.#now();
    const last = this.#said.get(kind);
    // A clock that was set back must not silence it.
    if (last && now >= last.at && now - last.at < this.#everyMs) {
      last.heldBack += 1;
      return;
    }
    // Kinds hold foreign text (peers): the map is bounded.
    if (!last && this.#said.size >= 10_000) this.#said.clear();
    this.#said.set(kind, { at: now, heldBack: 0 });
    say(last?.heldBack ?? 0);
  }
}
