// One end of the pipe between the primary process and a worker: questions with answers, and notes without. Buffers
// cross as they are (node:child_process, `serialization: 'advanced'`).

/** What a process has of the pipe: `process` in a worker, a cluster Worker in the primary. */
export interface Pipe {
  send(message: unknown, done: (error: Error | null) => void): unknown;
  on(event: 'message', take: (message: unknown) => void): unknown;
  on(event: 'disconnect', take: () => void): unknown;
}

/** What may be said under a name, and what is answered (undefined for a note). */
interface Exchange {
  readonly said: unknown;
  readonly answer: unknown;
}
type Said<T, K extends keyof T> = T[K] extends Exchange ? T[K]['said'] : never;
type Answer<T, K extends keyof T> = T[K] extends Exchange ? T[K]['answer'] : never;

/** What this end answers: one function a name. */
export type Answers<T> = {
  readonly [K in keyof T]: (said: Said<T, K>) => Promise<Answer<T, K>> | Answer<T, K>;
};

type AnyAnswers = Readonly<Record<string, ((said: unknown) => unknown) | undefined>>;

interface Message {
  readonly fluentDetect: 'ask' | 'tell' | 'answer' | 'failed';
  readonly n: number;
  readonly name: string;
  readonly body: unknown;
}

/** The other process is gone; what was asked of it has no answer. */
class ChannelClosed extends Error {
  constructor() {
    super('the other process is gone');
    this.name = 'ChannelClosed';
  }
}

/** @template Out what this end says. @template In what the other end says. */
export class Channel<Out, In> {
  readonly #pipe: Pipe;
  readonly #answers: AnyAnswers;
  readonly #asked = new Map<number, { resolve(answer: unknown): void; reject(cause: Error): void }>();
  #next = 1;
  #closed = false;

  constructor(pipe: Pipe, answers: Answers<In>) {
    this.#pipe = pipe;
    this.#answers = answers as AnyAnswers;
    pipe.on('message', (message) => this.#take(message as Message));
    pipe.on('disconnect', () => this.#close());
  }

  /** @throws ChannelClosed when the other process goes away first; Error with what its answer failed of. */
  ask<K extends keyof Out & string>(name: K, said: Said<Out, K>): Promise<Answer<Out, K>> {
    if (this.#closed) return Promise.reject(new ChannelClosed());
    return new Promise((resolve, reject) => {
      const n = this.#next++;
      this.#asked.set(n, { resolve: resolve as (answer: unknown) => void, reject });
      this.#send({ fluentDetect: 'ask', n, name, body: said });
    });
  }

  /** A note. To a process that is gone it is lost. */
  tell<K extends keyof Out & string>(name: K, said: Said<Out, K>): void {
    if (!this.#closed) this.#send({ fluentDetect: 'tell', n: 0, name, body: said });
  }

  #send(message: Message): void {
    this.#pipe.send(message, (error) => {
      if (error) this.#close();
    });
  }

  #take(message: Message): void {
    const { fluentDetect: kind, n, name, body } = message;
    switch (kind) {
      case 'ask':
        void this.#answer(n, name, body);
        return;
      case 'tell':
        void this.#answers[name]?.(body);
        return;
      case 'answer':
        this.#settled(n)?.resolve(body);
        return;
      case 'failed':
        this.#settled(n)?.reject(new Error(String(body)));
        return;
      default: // node:cluster's own messages
    }
  }

  #settled(n: number): { resolve(answer: unknown): void; reject(cause: Error): void } | undefined {
    const asked = this.#asked.get(n);
    this.#asked.delete(n);
    return asked;
  }

  async #answer(n: number, name: string, body: unknown): Promise<void> {
    let reply: Message;
    try {
      const answer = await this.#answers[name]?.(body);
      reply = { fluentDetect: 'answer', n, name, body: answer };
    } catch (error) {
      reply = { fluentDetect: 'failed', n, name, body: (error as Error).message };
    }
    if (!this.#closed) this.#send(reply);
  }

  #close(): void {
    this.#closed = true;
    for (const { reject } of this.#asked.values()) reject(new ChannelClosed());
    this.#asked.clear();
  }
}
