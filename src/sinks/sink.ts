// What an alert sink is. A sink delivers and confirms; waiting, retrying and spooling happen before it (spool.ts).
import type { Alert } from '../alerts/alert.js';

export interface AlertSink {
  /** For logs and the `sink` label of metrics: the URL as given, secrets taken out. */
  readonly name: string;
  /**
   * Resolves when every alert of the batch is safe at the other end (acked, written, answered 2xx).
   * Rejects with SinkError: `permanent` when the same alerts would be refused again.
   */
  deliver(alerts: readonly Alert[]): Promise<void>;
  close(): Promise<void>;
}

export class SinkError extends Error {
  readonly permanent: boolean;
  /** Alerts from the batch's start that are safe all the same. */
  readonly delivered: number;
  /** The sink's own wish (Retry-After), ms; 0: none. */
  readonly retryAfter: number;
  constructor(
    message: string,
    permanent: boolean,
    options?: ErrorOptions & { readonly delivered?: number; readonly retryAfter?: number },
  ) {
    super(message, options);
    this.name = 'SinkError';
    this.permanent = permanent;
    this.delivered = options?.delivered ?? 0;
    this.retryAfter = options?.retryAfter ?? 0;
  }
}
