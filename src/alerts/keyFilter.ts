// Which keys are certainly not among those that are kept, told by their fingerprints: counts of the fingerprints that
// keys have, each in a place that follows from it. Never wrong about a key that is kept; about one that is not it may
// say that it is, the more often the more there are.

import { NO_FINGERPRINT } from '../detect/fingerprint.js';
import { fingerprintsOfKey } from './candidate.js';

/** Places for each key that may be kept: about one in ten of other keys shares one when all are there. */
const PLACES_A_KEY = 8;
const MOST_PLACES = 2 ** 24;
/** A count that got so far stays: how many it stands for is no longer known. */
const FULL = 255;

export class KeyFilter {
  readonly #counts: Uint8Array;
  readonly #mask: number;

  /** @param max keys that are kept at once. */
  constructor(max: number) {
    const places = Math.min(MOST_PLACES, 2 ** Math.ceil(Math.log2(max * PLACES_A_KEY)));
    this.#counts = new Uint8Array(places);
    this.#mask = places - 1;
  }

  add(key: string): void {
    this.#count(key, 1);
  }

  remove(key: string): void {
    this.#count(key, -1);
  }

  /** False: no key that is kept has this fingerprint. */
  mayHave(fingerprint: number): boolean {
    return fingerprint === NO_FINGERPRINT || this.#counts[fingerprint & this.#mask] !== 0;
  }

  #count(key: string, change: 1 | -1): void {
    for (const fingerprint of fingerprintsOfKey(key)) {
      const at = fingerprint & this.#mask;
      if (this.#counts[at]! < FULL) this.#counts[at]! += change;
    }
  }
}
