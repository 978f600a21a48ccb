// The end of the child. Fluentd closes stdin and sends SIGTERM at the same moment, waits ten seconds, and kills: so what
// is still in the pipe is read first, to its end; and where nobody closes stdin, until nothing has come for a while.

export interface DrainOptions {
  /** Aborted when the process was asked to end. */
  readonly asked: AbortSignal;
  /** Then so long without a byte counts as the end, ms. */
  readonly idleMs: number;
  /** And after so long reading ends whatever comes, ms. */
  readonly wholeMs: number;
  /** Reading ended while bytes were still coming. */
  readonly onCutOff: () => void;
}

type Step = IteratorResult<Buffer> | 'asked' | 'late';

/** The pieces of `input`, to its end or, once asked to end, to where it falls silent. */
export async function* drained(input: AsyncIterable<Buffer>, options: DrainOptions): AsyncGenerator<Buffer> {
  const pieces = input[Symbol.asyncIterator]();
  let endsAt: number | null = null;
  for (;;) {
    const next = pieces.next() as Promise<Step>;
    let step = await (endsAt === null
      ? untilAsked(next, options.asked)
      : within(next, endsAt, options.idleMs));
    if (step === 'asked') {
      endsAt = performance.now() + options.wholeMs;
      step = await within(next, endsAt, options.idleMs);
    }
    if (step === 'late') {
      if (performance.now() >= endsAt!) options.onCutOff();
      return;
    }
    const { done, value } = step as IteratorResult<Buffer>;
    if (done) return;
    yield value;
  }
}

/** The next piece, or that the process was asked to end meanwhile. */
function untilAsked(next: Promise<Step>, asked: AbortSignal): Promise<Step> {
  return new Promise((resolve, reject) => {
    const onAsked = (): void => resolve('asked');
    if (asked.aborted) onAsked();
    asked.addEventListener('abort', onAsked, { once: true });
    const settled = (): void => asked.removeEventListener('abort', onAsked);
    next.finally(settled).then(resolve, reject);
  });
}

/** What comes first: the next piece, or the end of the idle time or of the whole. */
async function within(next: Promise<Step>, endsAt: number, idleMs: number): Promise<Step> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Step>((resolve) => {
    timer = setTimeout(() => resolve('late'), Math.min(idleMs, Math.max(0, endsAt - performance.now())));
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}
