// The alerts of a running stage as people are told them: a list, one in full with its evidence, and as they come.
import type { UserMapping } from '../fields/userMapping.js';
import { msgpackToJson } from '../msgpack/json.js';
import type { RuleSet } from '../rules/rule.js';
import type { AlertFeed, FedAlert } from './alertFeed.js';
import { evidenceOf } from './evidence.js';
import type { AlertSummary } from './summary.js';

export interface NumberedAlert extends AlertSummary {
  readonly seq: number;
  /** When the alert was made, ISO 8601; `time` is the event's. */
  readonly at: string;
}

export class AlertReport {
  readonly #feed: AlertFeed;
  readonly #ruleSet: () => RuleSet;
  readonly #mapping: UserMapping;

  constructor(feed: AlertFeed, ruleSet: () => RuleSet, mapping: UserMapping) {
    this.#feed = feed;
    this.#ruleSet = ruleSet;
    this.#mapping = mapping;
  }

  /**
   * @param since a sequence number: the first `limit` alerts after it; an ISO 8601 time: those made after it; null: the
   * latest `limit`. The oldest first. `next` is what to ask for then; `kept` the oldest number that is still there.
   */
  alerts(
    since: number | string | null,
    limit: number,
  ): { next: number; kept: number; alerts: NumberedAlert[] } {
    const feed = this.#feed;
    const seq = typeof since === 'number' ? since : 0;
    const { kept, alerts } = feed.after(seq);
    const from = typeof since === 'string' ? feed.afterTime(Date.parse(since)) : alerts;
    const chosen = since === null ? from.slice(-limit) : from.slice(0, limit);
    const start = typeof since === 'number' ? seq : feed.newest;
    return { next: chosen.at(-1)?.seq ?? start, kept, alerts: chosen.map(numbered) };
  }

  /** One alert in full, as JSON text: integers over 2^53 keep their digits. Null: it is not kept. */
  alert(seq: number): string | null {
    const fed = this.#feed.find(seq);
    if (!fed) return null;
    const { alert } = fed;
    const rule = this.#ruleSet().rules.find((r) => r.id === alert.ruleId) ?? null;
    const more = {
      evidence: rule ? evidenceOf(rule, alert.record, this.#mapping, alert.tag.replace(/^alert\./, '')) : [],
      query: rule?.query ?? null,
      description: rule?.description ?? null,
      guide: rule?.note ?? null,
      references: rule?.references ?? [],
      false_positives: rule?.falsePositives ?? [],
    };
    return withRecord({ ...numbered(fed), ...more }, alert.record);
  }

  /** Alerts as they come. @param from the number after which; null: new ones only. Returns what ends it. */
  follow(from: number | null, tell: (alert: NumberedAlert, whole: () => string) => void): () => void {
    const told = (fed: FedAlert): void => {
      const summary = numbered(fed);
      tell(summary, () => withRecord(summary, fed.alert.record));
    };
    if (from !== null) for (const fed of this.#feed.after(from).alerts) told(fed);
    return this.#feed.listen(told);
  }
}

function numbered(fed: FedAlert): NumberedAlert {
  return { seq: fed.seq, at: new Date(fed.at).toISOString(), ...fed.summary };
}

function withRecord(fields: object, record: Buffer): string {
  return `${JSON.stringify(fields).slice(0, -1)},"record":${msgpackToJson(record, 0)}}`;
}
