// Alerts to a Forward server (a Fluentd that has its own buffers, usually): one message a tag, acked.
import type { Alert } from '../alerts/alert.js';
import { arrayHeader, encode } from '../msgpack/encode.js';
import { confirmedBy, type Output } from './output.js';
import type { AlertSink } from './sink.js';

const entry = arrayHeader(2);

export class ForwardSink implements AlertSink {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  get name(): string {
    return this.#output.name;
  }

  async deliver(alerts: readonly Alert[]): Promise<void> {
    const writes: Promise<void>[] = [];
    for (let i = 0; i < alerts.length; ) {
      const { tag } = alerts[i]!;
      const payload: Buffer[] = [];
      for (; i < alerts.length && alerts[i]!.tag === tag; i += 1)
        payload.push(entry, alerts[i]!.time, alerts[i]!.record);
      const payloadBytes = payload.reduce((sum, b) => sum + b.length, 0);
      writes.push(
        confirmedBy(
          this.#output,
          {
            tag,
            tagBytes: encode(tag),
            payload,
            payloadBytes,
            optionEntries: Buffer.concat([encode('size'), encode(payload.length / 3)]),
            optionCount: 1,
            compressed: null,
            signal: 0,
            connectionId: 0,
          },
          payload.length / 3,
        ),
      );
    }
    await Promise.all(writes);
  }

  async close(): Promise<void> {
    await this.#output.close(0);
  }
}
