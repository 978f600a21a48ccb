// An alert on its way to the sinks: the tagged copy of one matched event. Bytes, so that it can be spooled as it is.
import type { Severity } from '../rules/rule.js';

export interface Alert {
  /** `kibana.alert.uuid`: follows from the rule and the event alone. */
  readonly id: string;
  readonly ruleId: string;
  readonly ruleName: string;
  readonly severity: Severity;
  readonly riskScore: number;
  /** The alert's own tag (`alert.` + the event's tag, by default). */
  readonly tag: string;
  /** The event's time as its msgpack bytes. */
  readonly time: Buffer;
  /** One msgpack map: the record of the alert. */
  readonly record: Buffer;
}
