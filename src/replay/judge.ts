// Captured events through a replay, and on to `--out`: the event taker of `fluent-detect replay`.
import { compacted } from '../msgpack/jsonText.js';
import type { CapturedEvent, EventFrame } from './captured.js';
import { hasNewline } from './jsonEvents.js';
import type { LineFile } from './lineFile.js';
import type { EventTaker } from './readCapture.js';
import type { Replay } from './replay.js';

export class Judge implements EventTaker {
  readonly #replay: Replay;
  readonly #out: LineFile | null;
  readonly #others: readonly LineFile[];

  /** @param others files that the replay's events go to. */
  constructor(replay: Replay, out: LineFile | null, others: readonly LineFile[]) {
    this.#replay = replay;
    this.#out = out;
    this.#others = others;
  }

  pass(buf: Buffer, start: number, end: number, frame: EventFrame): boolean {
    if (!this.#replay.pass(buf, start, end, frame)) return false;
    if (this.#out === null) return true;
    if (hasNewline(buf, start, end)) this.#out.add(compacted(buf.toString('utf8', start, end)));
    else this.#out.addBytes(buf, start, end);
    return true;
  }

  take(event: CapturedEvent): void {
    this.#replay.take(event);
  }

  async settle(): Promise<void> {
    await this.#out?.settle();
    for (const file of this.#others) await file.settle();
  }
}
