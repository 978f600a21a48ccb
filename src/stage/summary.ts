// An alert in one line for people: time, severity, rule, user, source IP, ATT&CK ids; and as an object for the console.
import type { Alert } from '../alerts/alert.js';
import { fieldValues } from '../kql/evaluate.js';
import { decode } from '../msgpack/decode.js';
import { readTime } from './entries.js';

export interface AlertSummary {
  readonly id: string;
  readonly time: string;
  readonly tag: string;
  readonly rule: string;
  readonly rule_id: string;
  readonly severity: string;
  readonly risk_score: number;
  readonly user: string;
  readonly source_ip: string;
  readonly attack: readonly string[];
  readonly reason: string;
}

/** Where raw records keep who and from where, after ECS's own names. */
const userFields = [
  'user.name',
  'properties.userPrincipalName',
  'UserPrincipalName',
  'userPrincipalName',
  'user.email',
];
const addressFields = [
  'source.ip',
  'properties.ipAddress',
  'callerIpAddress',
  'IPAddress',
  'ipAddress',
  'client.ipAddress',
];

export function summaryOf(alert: Alert): AlertSummary {
  const record = decode(alert.record, { pos: 0 });
  const all = (field: string): string[] => fieldValues(record, field).map((v) => v.text);
  const first = (fields: readonly string[]): string => fields.flatMap(all)[0] ?? '';
  const reason = all('kibana.alert.reason')[0] ?? '';
  return {
    id: alert.id,
    time: readTime(alert.time, 0).iso,
    tag: alert.tag,
    rule: alert.ruleName,
    rule_id: alert.ruleId,
    severity: alert.severity,
    risk_score: alert.riskScore,
    user: first(userFields) || (/ by (\S+)/.exec(reason)?.[1] ?? ''),
    source_ip: first(addressFields) || (/source ([0-9a-fA-F.:]+?),? /.exec(reason)?.[1] ?? ''),
    attack: ['threat.tactic.id', 'threat.technique.id', 'threat.technique.subtechnique.id'].flatMap(all),
    reason,
  };
}

/** Control characters of log values would drive the terminal: they are shown, not sent. */
export function summaryLine(s: AlertSummary): string {
  const clean = (text: string): string =>
    text.replace(/\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const who = clean(s.user) || '-';
  const from = clean(s.source_ip) || '-';
  return `${s.time}  ${s.severity.toUpperCase().padEnd(8)} ${clean(s.rule)}  user ${who}  from ${from}  ${s.attack.join(' ')}`;
}
