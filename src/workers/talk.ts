// What the primary process and its workers say to each other. The primary owns what must be one: alerts (look-back,
// suppression, cap, spool, sinks), what stateful rules count, the admin server. A worker owns its connections.
import type { Alert } from '../alerts/alert.js';
import type { Outcome, SuppressionGroup } from '../alerts/candidate.js';
import type { ListenAddress } from '../config/config.js';
import type { StatefulFields } from '../detect/stateful.js';
import type { Rest } from '../stage/stage.js';
import type { WorkerReport } from './report.js';

/** An alert that is ready, should the primary decide for it. */
export interface Offer {
  readonly alert: Alert;
  /** What the look-back knows it by. */
  readonly key: string;
  readonly group: SuppressionGroup | null;
  /** The time of arrival, epoch ms. */
  readonly nowMs: number;
}

/** An event that satisfies a stateful rule's query: is it a match? */
export interface Admission {
  readonly ruleId: string;
  readonly nowMs: number;
  /** The texts of the fields that the rule groups, counts or learns by. */
  readonly values: Readonly<Record<string, readonly string[]>>;
}

/** Alerts over a cap that the worker held back by itself, knowing that the cap is reached. */
export interface HeldBack {
  readonly ruleId: string;
  readonly nowMs: number;
  readonly count: number;
}

/** Said by a worker. */
export interface WorkerTalk {
  /** Answered when those that became alerts are delivered or safely on disk. */
  readonly offer: { readonly said: readonly Offer[]; readonly answer: readonly Outcome[] };
  readonly heldBack: { readonly said: readonly HeldBack[]; readonly answer: undefined };
  readonly admit: {
    readonly said: readonly Admission[];
    readonly answer: readonly (StatefulFields | null)[];
  };
  /** Where it listens, and the hash of its rules. Before that it hears nothing. */
  readonly listening: {
    readonly said: { readonly addresses: readonly ListenAddress[]; readonly hash: string };
    readonly answer: undefined;
  };
  /** It could not start: why. */
  readonly notStarted: { readonly said: string; readonly answer: undefined };
}

/** Said by the primary. */
export interface PrimaryTalk {
  /** Stop accepting and finish what was accepted; answered with the chunks that could not be confirmed in time. */
  readonly stop: { readonly said: { readonly timeoutMs: number }; readonly answer: Rest['chunks'] };
  /** Load the rules again; answered with the hash of the set then in force. */
  readonly reload: { readonly said: null; readonly answer: string };
  readonly report: { readonly said: null; readonly answer: WorkerReport };
}
