// The keys that are kept, by their rule and the id of the event: found by the bytes of an id as they lie in a record.
// Making a text and a key of those costs as much as judging the event.
import type { TextPlace } from '../detect/match.js';
import { BEFORE_ID, MAX_KEY } from './candidate.js';
import { fingerprintOf, NO_FINGERPRINT, textFingerprint } from './fingerprint.js';

/** Keys with one fingerprint that are told apart. More are somebody's doing, and looking through them all his aim. */
const MAX_ALIKE = 16;

/** By the fingerprint of the event's id: the keys that have it, or how many, if they are too many. */
type Alike = Map<number, string[] | number>;

export class KeyIndex {
  /** By rule id. */
  readonly #keys = new Map<string, Alike>();
  /** The rule that was asked for last, and its keys: a look-up by a text that is equal and not the same costs as much as the rest. */
  #asked = '';
  #ofAsked: Alike | undefined;

  /** @param key that is not there yet. */
  add(key: string): void {
    this.#ofAsked = undefined;
    for (const [ruleId, fingerprint] of readingsOf(key)) {
      let ofRule = this.#keys.get(ruleId);
      if (!ofRule) {
        ofRule = new Map();
        this.#keys.set(ruleId, ofRule);
      }
      const keys = ofRule.get(fingerprint);
      if (keys === undefined) ofRule.set(fingerprint, [key]);
      else if (typeof keys === 'number') ofRule.set(fingerprint, keys + 1);
      else if (keys.length < MAX_ALIKE) keys.push(key);
      else ofRule.set(fingerprint, keys.length + 1);
    }
  }

  remove(key: string): void {
    for (const [ruleId, fingerprint] of readingsOf(key)) {
      const ofRule = this.#keys.get(ruleId);
      const keys = ofRule?.get(fingerprint);
      if (ofRule === undefined || keys === undefined) continue;
      const left = typeof keys === 'number' ? keys - 1 : keys.filter((other) => other !== key);
      if (left === 0 || (typeof left !== 'number' && left.length === 0)) ofRule.delete(fingerprint);
      else ofRule.set(fingerprint, left);
      if (ofRule.size === 0) this.#keys.delete(ruleId);
    }
  }

  /**
   * The key of the rule and the event whose id lies there; null: it is not among these. Undefined: it cannot be told, the
   * id is not ASCII, or so long that the key has a hash instead, or too many have its fingerprint.
   */
  find(ruleId: string, { buf, start, end }: TextPlace): string | null | undefined {
    const before = ruleId.length + BEFORE_ID.length;
    if (before + end - start > MAX_KEY) return undefined;
    const fingerprint = fingerprintOf(buf, start, end);
    if (fingerprint === NO_FINGERPRINT) return undefined;
    if (this.#ofAsked === undefined || this.#asked !== ruleId) {
      this.#asked = ruleId;
      this.#ofAsked = this.#keys.get(ruleId);
    }
    const keys = this.#ofAsked?.get(fingerprint);
    if (keys === undefined) return null;
    if (typeof keys === 'number') return undefined;
    return keys.find((key) => endsWith(key, before, buf, start, end)) ?? null;
  }
}

/** Rule id and fingerprint of the event id, in every way that the key can be read: both are anybody's text. */
function readingsOf(key: string): [ruleId: string, fingerprint: number][] {
  const readings: [string, number][] = [];
  for (let at = key.indexOf(BEFORE_ID); at !== -1; at = key.indexOf(BEFORE_ID, at + 1)) {
    const fingerprint = textFingerprint(key.slice(at + BEFORE_ID.length));
    if (fingerprint !== NO_FINGERPRINT) readings.push([key.slice(0, at), fingerprint]);
  }
  return readings;
}

/** Whether `key` goes on from `at` with these bytes, all ASCII, and ends with them. */
function endsWith(key: string, at: number, buf: Buffer, start: number, end: number): boolean {
  if (key.length - at !== end - start) return false;
  for (let i = start; i < end; i += 1) if (key.charCodeAt(at + i - start) !== buf[i]) return false;
  return true;
}
