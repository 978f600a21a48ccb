// The stage's API: requests with the token, and its stream of alerts.

/** @typedef {{ seq: number, at: string, id: string, time: string, tag: string, rule: string, rule_id: string, severity: string, risk_score: number, user: string, source_ip: string, attack: string[], reason: string }} Alert */
/** @typedef {Alert & { evidence: { field: string, values: string[] }[], query: string | null, description: string | null, guide: string | null, references: string[], false_positives: string[], record: Record<string, unknown> }} WholeAlert */
/** @typedef {{ id: string, name: string, version: number | null, severity: string | null, risk_score: number | null, type: string, state: string, error: string | null, attack: string[], matches: number, alerts: number, last_match: string | null, cost: { candidates: number, ns_per_candidate: number | null, ns_per_event: number | null } }} Rule */
/** @typedef {{ at: string, in: number, out: number, alerts: number, latency_ms: number | null, latency_max_ms: number | null }} Sample */

const KEY = 'fluent-detect-token';

/** The token is asked for, or is another. */
export class TokenError extends Error {}

/** @param {string} token */
export function useToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** @returns {Record<string, string>} */
function headers() {
  const token = sessionStorage.getItem(KEY);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/**
 * @param {string} path
 * @param {RequestInit} [init]
 */
async function ask(path, init) {
  const answer = await fetch(path, { ...init, headers: { ...headers(), ...init?.headers } });
  if (answer.status === 401) throw new TokenError('the token is not the one of this stage');
  return answer;
}

/**
 * An answer's JSON. Integers that JavaScript would round keep their digits, where the browser can.
 * @param {string} path
 * @param {readonly number[]} [fine] statuses that are answers
 * @returns {Promise<any>}
 */
export async function get(path, fine = [200]) {
  const answer = await ask(path, { signal: AbortSignal.timeout(10_000) });
  const text = await answer.text();
  if (!fine.includes(answer.status)) {
    const { message } = JSON.parse(text);
    throw new Error(`${path}: ${answer.status} ${message}`);
  }
  return JSON.parse(text, exact);
}

/** @type {{ rawJSON?: (text: string) => unknown }} */
const json = /** @type {any} */ (JSON);

/**
 * @param {string} _key
 * @param {unknown} value
 * @param {{ source?: string }} [context]
 */
function exact(_key, value, context) {
  const isRounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return isRounded && context?.source && json.rawJSON ? json.rawJSON(context.source) : value;
}

/**
 * Follows the alerts after a number until the stream ends.
 * @param {number} since
 * @param {(alert: Alert) => void} tell
 */
export async function follow(since, tell) {
  const answer = await ask('api/alerts/stream', { headers: { 'last-event-id': String(since) } });
  if (!answer.ok || !answer.body) throw new Error(`api/alerts/stream: ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const text = event.split('\n').find((line) => line.startsWith('data: '));
      if (text) tell(JSON.parse(text.slice('data: '.length)));
    }
  }
}
