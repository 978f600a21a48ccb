// Which candidates become alerts where several stages decide together: look-back and cap are Redis's, over all of them.
// Only alerts wait for the answer, never events. Redis that is away or slow costs exactness and nothing else: the stage
// then decides by what it knows itself. See docs/adr (shared state).
import type { Alerter } from '../alerts/alerter.js';
import type { Candidate, Outcome } from '../alerts/candidate.js';
import { type CapNotice, intervalStart } from '../alerts/cap.js';
import type { Rule } from '../rules/rule.js';
import type { Claim, ClaimCap, RedisClaims } from './redisClaims.js';

/** What is proposed as an alert. */
interface Proposal {
  readonly candidate: Candidate;
}

/** What became of proposals. */
export interface Admitted<P> {
  /** Became alerts at once, in their order. */
  readonly alerts: readonly P[];
  /**
   * Each of the others whose answer hangs on somebody else (another stage claims it, it repeats one that is asked about,
   * its group is not decided): itself when it becomes an alert, null when it is none. What has become an alert must not
   * wait for these: another stage may be waiting for it in turn.
   */
  readonly later: readonly Promise<P | null>[];
}

/** A candidate on which a decision is under way. */
interface Deciding {
  /** `later`: the answer hangs on somebody else. */
  readonly first: Promise<Outcome | 'later'>;
  readonly final: Promise<Outcome>;
}

export interface SharedAlertsDeps {
  readonly claims: Claims;
  readonly alerter: Alerter;
  readonly onOutcome: (outcome: Exclude<Outcome, 'alert'>) => void;
  readonly onCap: (notice: CapNotice) => void;
  /** A decision was made alone. */
  readonly onAlone: (cause: Error) => void;
}

/** What of RedisClaims is used. */
type Claims = Pick<RedisClaims, 'isUp' | 'claim' | 'done' | 'release' | 'add' | 'count' | 'close'>;

/** A claim of another stage is asked for again after so long, ms; past the last one the alert is made rather than lost. */
const PENDING_EVERY_MS = 250;
const PENDING_MAX_MS = 60_000;
/** Counts are kept so much longer than the interval, ms, for the notice that ends it. */
const KEEP_MS = 60_000;

/** After an interval's end, until it is told how many were held back in it, ms. */
const SETTLE_MS = 2000;
/** Past it the oldest are forgotten: their events may alert again on another stage. */
const MAX_UNSAID = 200_000;

/** This stage saw the first one over the cap: it said so, and says how many there were when the interval is over. */
interface Capped {
  readonly rule: Rule;
  readonly cap: ClaimCap;
  readonly end: number;
}

export class SharedAlerts {
  readonly #deps: SharedAlertsDeps;
  readonly #capped = new Map<string, Capped>();
  /** Candidates of suppressed rules are decided one after another: the first of a group opens it for the next. */
  #grouped: Promise<unknown> = Promise.resolve();
  /** Alerts that are safe, and that Redis has not been told of yet: id to look-back, ms. */
  readonly #unsaid = new Map<string, number>();
  readonly #asking = new Map<string, Promise<Outcome>>();
  #closed = false;

  constructor(deps: SharedAlertsDeps) {
    this.#deps = deps;
  }

  /**
   * What is known without asking; null: ask. That a cap is reached is none of it: the repeat of an event whose stage died
   * is over no cap.
   */
  known(candidate: Candidate): 'duplicate' | null {
    return this.#deps.alerter.remembers(candidate) ? 'duplicate' : null;
  }

  /** Resolves when Redis has answered for all of them, or did not in time. Never rejects, nor do those that come later. */
  async admit<P extends Proposal>(proposals: readonly P[]): Promise<Admitted<P>> {
    const deciding = proposals.map((p) => this.#once(p.candidate));
    const alerts: P[] = [];
    const later: Promise<P | null>[] = [];
    const firsts = await Promise.all(deciding.map((d) => d.first));
    for (const [n, proposal] of proposals.entries()) {
      const first = firsts[n]!;
      if (first === 'later')
        later.push(deciding[n]!.final.then((outcome) => (this.#isAlert(outcome) ? proposal : null)));
      else if (this.#isAlert(first)) alerts.push(proposal);
    }
    return { alerts, later };
  }

  #isAlert(outcome: Outcome): boolean {
    if (outcome !== 'alert') this.#deps.onOutcome(outcome);
    return outcome === 'alert';
  }

  /** These alerts are delivered or on disk: no other stage has to make them. */
  safe(alerts: readonly Proposal[]): void {
    for (const { candidate } of alerts) this.#unsaid.set(candidate.id, candidate.rule.lookBackMs);
    void this.#say();
  }

  /** Tells Redis what it has not been told, and ends intervals that are over. */
  async sweep(nowMs: number): Promise<void> {
    await this.#say();
    for (const [key, capped] of [...this.#capped]) {
      // The others' last ones come within their second.
      if (nowMs < capped.end + SETTLE_MS) continue;
      this.#capped.delete(key);
      try {
        await this.#tell(capped);
      } catch (error) {
        this.#deps.onAlone(error as Error);
        if (nowMs < capped.end + KEEP_MS) this.#capped.set(key, capped);
      }
    }
  }

  /** Tells what is left to tell, and lets go of what is claimed and not safe. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.sweep(Number.MAX_SAFE_INTEGER);
    await this.#deps.claims.close();
  }

  /** The same event twice at once is asked for once. */
  #once(candidate: Candidate): Deciding {
    const { id, group } = candidate;
    const first = Promise.resolve('later' as const);
    const asked = this.#asking.get(id);
    if (asked) return { first, final: asked.then((o) => (o === 'alert' ? 'duplicate' : o)) };
    let later: (pending: 'later') => void;
    const pending = new Promise<'later'>((resolve) => {
      later = resolve;
    });
    const asking =
      group === null
        ? this.#decide(candidate, () => later('later'))
        : this.#grouped.then(() => this.#decide(candidate, () => undefined));
    const final = asking.finally(() => this.#asking.delete(id));
    this.#asking.set(id, final);
    if (group === null) return { first: Promise.race([final, pending]), final };
    this.#grouped = final;
    return { first, final };
  }

  /** @param onPending another stage claims it: the answer takes until that one has made it safe, or is gone. */
  async #decide(candidate: Candidate, onPending: () => void): Promise<Outcome> {
    const { claims, alerter } = this.#deps;
    if (!claims.isUp) return this.#alone(candidate);
    try {
      const cap = capOf(candidate);
      const claim = await this.#claim(candidate, candidate.group === null ? cap : null, onPending);
      if (claim === null) return this.#alone(candidate);
      if (claim.kind === 'duplicate') {
        alerter.remember(candidate);
        return 'duplicate';
      }
      if (claim.kind === 'capped') return this.#held(candidate, cap, claim.count);
      if (candidate.group !== null) {
        if (alerter.suppresses(candidate)) {
          await claims.done(candidate.id, candidate.rule.lookBackMs);
          return 'suppressed';
        }
        const count = await claims.add(cap);
        if (count > cap.max) {
          await claims.release(candidate.id);
          return this.#held(candidate, cap, count);
        }
      }
      alerter.note(candidate);
      return 'alert';
    } catch (error) {
      this.#deps.onAlone(error as Error);
      return this.#alone(candidate);
    }
  }

  /** Null: another stage claims it, lives, and has not made it safe in all this time. */
  async #claim(
    candidate: Candidate,
    cap: ClaimCap | null,
    onPending: () => void,
  ): Promise<Exclude<Claim, { kind: 'pending' }> | null> {
    const until = performance.now() + PENDING_MAX_MS;
    for (;;) {
      const claim = await this.#deps.claims.claim(candidate.id, candidate.rule.lookBackMs, cap);
      if (claim.kind !== 'pending') return claim;
      onPending();
      if (performance.now() > until || this.#closed) return null;
      await new Promise((resolve) => setTimeout(resolve, PENDING_EVERY_MS));
    }
  }

  /** Without Redis: by what this stage knows. */
  #alone(candidate: Candidate): Outcome {
    const outcome = this.#deps.alerter.settle(candidate);
    // Redis hears of it when it is back.
    if (outcome === 'suppressed') this.#unsaid.set(candidate.id, candidate.rule.lookBackMs);
    return outcome;
  }

  #held({ rule }: Candidate, cap: ClaimCap, count: number): Outcome {
    // Exactly one of all stages sees the first one over.
    if (count === cap.max + 1) {
      const end = cap.start + rule.intervalMs;
      this.#capped.set(`${cap.start} ${cap.ruleId}`, { rule, cap, end });
      this.#deps.onCap({ rule, intervalStart: cap.start, intervalEnd: end, heldBack: 1, kind: 'reached' });
    }
    return 'capped';
  }

  async #tell({ rule, cap, end }: Capped): Promise<void> {
    const heldBack = (await this.#deps.claims.count(cap)) - cap.max;
    this.#deps.onCap({ rule, intervalStart: cap.start, intervalEnd: end, heldBack, kind: 'closed' });
  }

  async #say(): Promise<void> {
    if (this.#unsaid.size === 0 || !this.#deps.claims.isUp) return;
    const said = [...this.#unsaid];
    try {
      await Promise.all(said.map(([id, lookBackMs]) => this.#deps.claims.done(id, lookBackMs)));
      for (const [id] of said) this.#unsaid.delete(id);
    } catch (error) {
      this.#deps.onAlone(error as Error);
    }
    while (this.#unsaid.size > MAX_UNSAID) this.#unsaid.delete(this.#unsaid.keys().next().value!);
  }
}

function capOf({ rule, nowMs }: Candidate): ClaimCap {
  const start = intervalStart(rule, nowMs);
  return { ruleId: rule.id, start, max: rule.maxSignals, keepMs: rule.intervalMs + KEEP_MS };
}
