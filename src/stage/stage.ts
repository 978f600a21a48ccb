// The stage: frames in, every event out, alerts to the sinks; back-pressure, reload and shutdown. It wires the rooms
// together and owns no rule of its own but the order of things.

import type { Config, InputConfig, ListenAddress } from '../config/config.js';
import { Engines } from '../detect/engines.js';
import { sourceMappings } from '../fields/mappings.js';
import { inflate } from '../forward/inflate.js';
import { memoryShares, readMemory } from '../forward/memory.js';
import type { Frame, FrameContext } from '../forward/message.js';
import { Rejection } from '../forward/rejection.js';
import { ForwardServer } from '../forward/server.js';
import type { Logger } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';
import type { Rule, RuleSet } from '../rules/rule.js';
import type { AlertDelivery, SinkRest } from '../sinks/delivery.js';
import type { Output } from '../sinks/output.js';
import { AckChain, type ChunkName } from './ackChain.js';
import { AlertFeed } from './alertFeed.js';
import { type DecidedAlert, LocalAlerting } from './alerting.js';
import { type MadeChunk, makeChunk } from './chunks.js';
import { taggedAndAlerted } from './detection.js';
import { EntriesError } from './entries.js';
import { Notices } from './notices.js';
import { RuleLedger } from './ruleLedger.js';
import { StageStatus } from './stageStatus.js';
import type { SavedState } from './stateKeeper.js';
import type { AlertSummary } from './summary.js';

export interface StageDeps {
  readonly output: Output;
  readonly delivery: AlertDelivery;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Epoch ms. */
  readonly now: () => number;
  /** Keeps look-back and caps, and what stateful rules know, for the next start. */
  readonly saveState: (state: SavedState) => Promise<void>;
  readonly onAlert?: (alert: AlertSummary) => void;
}

/** What a held frame costs beside its bytes: small messages must not outgrow memory_limit. */
const HELD_FRAME_BYTES = 1024;
/** Errors of a reload that are shown; further ones are in the log. */
const MAX_LOAD_ERRORS = 100;

/** What could not be finished in time. */
export interface Rest {
  /** Not confirmed by the output, and not acked. */
  readonly chunks: readonly ChunkName[];
  readonly sinks: readonly SinkRest[];
}

/** A frame that has come, and from whom. */
interface Accepted {
  readonly frame: Frame;
  readonly context: FrameContext;
  readonly input: InputConfig;
}

export class Stage {
  readonly #config: Config;
  readonly #deps: StageDeps;
  readonly #servers: ForwardServer[];
  readonly #chain: AckChain;
  readonly #alerting: LocalAlerting;
  readonly #notices: Notices;
  readonly #feed: AlertFeed;
  readonly #ledger = new RuleLedger();
  /** What it tells about itself. */
  readonly report: StageStatus;
  #engines: Engines;
  /** Frames that wait until there is memory to inflate them, in order. */
  readonly #deferred: Accepted[] = [];
  #listening = false;
  #stopped: Promise<Rest> | null = null;

  constructor(config: Config, ruleSet: RuleSet, deps: StageDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#engines = this.#enginesOf(ruleSet, config.rules);
    this.#notices = new Notices(deps.log, deps.metrics, deps.now);
    this.#feed = new AlertFeed({ now: deps.now, onAlert: deps.onAlert });
    this.#alerting = new LocalAlerting(config, {
      delivery: deps.delivery,
      metrics: deps.metrics,
      log: deps.log,
      now: deps.now,
      saveState: deps.saveState,
      onUnsaved: (cause) => this.#notices.unsaved(cause),
      onAlerts: (alerts) => {
        for (const { ruleId } of alerts) this.#ledger.alerted(ruleId);
        this.#feed.add(alerts);
      },
    });
    const memory = readMemory(config.memoryLimit);
    const heldLimit = memoryShares(config.memoryLimit).held;
    this.#chain = new AckChain({
      heldLimit,
      keptBytes: () => memory.pool.leftBytes,
      now: () => performance.now(),
      onPressure: (stop) => {
        if (!stop) this.#takeDeferred();
        // What was put off may have filled it again.
        if (stop !== this.#chain.stopped) return;
        for (const server of this.#servers) server.pause(stop);
        memory.large.pause(stop);
        this.#notices.pressure(stop, this.#chain.heldBytes);
      },
      onAcked: (ms) => deps.metrics.chunkLatency(ms / 1000),
      onGivenUp: (context, cause) => this.#notices.givenUp(context.peer, cause as Error),
    });
    this.#servers = config.inputs.map(
      (input) =>
        new ForwardServer(
          input,
          {
            onFrame: (frame, context) => this.#accept({ frame, context, input }),
            onReject: (code, detail, peer) => this.#notices.rejected(code, detail, peer),
            onConnection: (change) => {
              deps.metrics.connections += change;
            },
          },
          { memory },
        ),
    );
    deps.metrics.watch({
      spoolBytes: () => deps.delivery.spooledBytes,
      spoolLimit: () => config.alertsSpool.maxBytes,
      heldBytes: () => this.#chain.heldBytes,
      heldLimit: () => heldLimit,
      outputUp: () => deps.output.ready,
      sinksUp: () => {
        const failing = new Set(deps.delivery.troubled);
        return deps.delivery.names.map((sink) => [sink, !failing.has(sink)]);
      },
    });
    this.report = new StageStatus({
      config,
      output: deps.output,
      delivery: deps.delivery,
      metrics: deps.metrics,
      chain: this.#chain,
      feed: this.#feed,
      ledger: this.#ledger,
      heldLimit,
      engines: () => this.#engines,
      listening: () => this.#listening,
    });
    this.#countRules(ruleSet);
  }

  get ruleSet(): RuleSet {
    return this.#engines.ruleSet;
  }

  /** Takes up what an earlier run knew. */
  restore(state: SavedState): void {
    this.#alerting.restore(state, this.ruleSet.rules);
  }

  /** Starts listening. @throws ListenError; then nothing listens. */
  async start(): Promise<ListenAddress[]> {
    const addresses: ListenAddress[] = [];
    try {
      for (const server of this.#servers) addresses.push(await server.listen());
    } catch (error) {
      for (const server of this.#servers) server.close();
      throw error;
    }
    this.#alerting.start();
    this.#listening = true;
    return addresses;
  }

  /** Puts another rule set in force, whole, between two frames. */
  reload(ruleSet: RuleSet, rules: Config['rules'] = this.#config.rules): void {
    this.#engines = this.#enginesOf(ruleSet, rules);
    this.#countRules(ruleSet);
  }

  /** New rules did not load: the set in force stays. @param errors each with its place. */
  notReloaded(errors: readonly string[]): void {
    this.#ledger.loadErrors = errors.slice(0, MAX_LOAD_ERRORS);
  }

  /** Stops accepting, finishes what was accepted, closes. Returns what could not be finished in time. */
  stop(timeoutMs: number): Promise<Rest> {
    this.#stopped ??= this.#stop(timeoutMs);
    return this.#stopped;
  }

  async #stop(timeoutMs: number): Promise<Rest> {
    const until = performance.now() + timeoutMs;
    this.#listening = false;
    for (const server of this.#servers) server.stopAccepting();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#chain.idle(), late]);
    clearTimeout(timer);
    const left = Math.max(0, until - performance.now());
    // What is still held was not acked: its sender will send it again.
    const chunks = [...this.#chain.held, ...this.#deferred.map((d) => nameOf(d.frame, d.context, 0))];
    await this.#deps.output.close(0);
    const sinks = await this.#alerting.stop(left);
    for (const server of this.#servers) server.close();
    return { chunks, sinks };
  }

  status(): ReturnType<StageStatus['status']> {
    return this.report.status();
  }

  /** What inflates is put off while memory is short, and what comes behind it too. */
  #accept(accepted: Accepted): void {
    const putOff = this.#deferred.length > 0 || (this.#chain.stopped && accepted.frame.compressed !== null);
    if (putOff) this.#deferred.push(accepted);
    else this.#take(accepted);
  }

  #takeDeferred(): void {
    while (!this.#chain.stopped) {
      const next = this.#deferred.shift();
      if (!next) return;
      this.#take(next);
    }
  }

  #take({ frame, context, input }: Accepted): void {
    const { metrics, output, now } = this.#deps;
    const nowMs = now();
    const alerts: DecidedAlert[] = [];
    // An event has no alert of its own because an earlier one has: its ack waits until that one is safe.
    let hangsOnOthers = false;
    let made: MadeChunk;
    const tag = tagOf(frame, input);
    const engine = this.#engines.for(tag);
    try {
      made = makeChunk(frame, context.connectionId, {
        engine,
        nowMs,
        stripMetadata: this.#config.metadata === 'strip',
        maxDepth: input.maxDepth,
        inflate: (f) => this.#inflate(f, context, input),
        tagOf: () => tag,
        events: {
          onMatch: (place) =>
            taggedAndAlerted(
              place,
              tag,
              engine.matches,
              this.#alerting,
              nowMs,
              alerts,
              ({ rule, severity }, outcome) => {
                metrics.match(rule.id, severity);
                this.#ledger.matched(rule.id, nowMs);
                hangsOnOthers ||= outcome === 'duplicate' || outcome === 'suppressed';
              },
            ),
          onInvalid: (reason) => this.#notices.invalid(reason, tag, context.peer),
        },
      });
    } catch (error) {
      this.#alerting.withdraw(alerts);
      if (error instanceof EntriesError || error instanceof Rejection)
        context.refuse(error.code, `tag ${JSON.stringify(tag)}: ${error.message}`);
      else throw error;
      return;
    }
    const { chunk, events, extraBytes } = made;
    metrics.eventsIn += events;
    this.#notices.size(frame.end - frame.start, input.chunkSizeWarnLimit, tag, context.peer);
    const confirmations: Promise<unknown>[] = [];
    if (chunk) {
      const written = output.write(chunk).then(() => {
        metrics.eventsOut += events;
      });
      confirmations.push(written);
    }
    if (alerts.length > 0) confirmations.push(this.#alerting.submit(alerts));
    if (hangsOnOthers) confirmations.push(this.#alerting.allSafe());
    if (confirmations.length === 0) {
      context.ack();
      return;
    }
    const bytes = frame.end - frame.start;
    const name = nameOf(frame, context, events);
    this.#chain.hold(name, context, bytes, ownBytes(extraBytes, alerts), confirmations);
  }

  #inflate(frame: Frame, context: FrameContext, input: InputConfig): Buffer | null {
    const body = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    const inflated = inflate(body, frame.compressed!, input.decompressionSizeLimit);
    if (inflated === null) this.#notices.unread(context.peer, frame.tag);
    return inflated;
  }

  #enginesOf(ruleSet: RuleSet, rules: Config['rules']): Engines {
    const deps = this.#deps;
    return new Engines(ruleSet, rules, {
      mappings: sourceMappings,
      clock: () => performance.now(),
      gate: (rule, view, nowMs) => this.#alerting.admit(rule, view, nowMs),
      onQuarantine: (rule: Rule, cause: unknown) => {
        this.#notices.quarantined(rule.id, cause as Error);
        this.#ledger.quarantined(rule.id, (cause as Error).message);
        const { count } = this.#engines.quarantined;
        deps.metrics.rules('quarantined', count);
        deps.metrics.rules('active', this.ruleSet.rules.length - count);
      },
    });
  }

  #countRules(ruleSet: RuleSet): void {
    const { metrics } = this.#deps;
    metrics.rules('active', ruleSet.rules.length);
    metrics.rules('disabled', ruleSet.disabled.length);
    metrics.rules('unsupported', ruleSet.unsupported.length);
    metrics.rules('quarantined', 0);
    metrics.ruleSet(ruleSet.hash, ruleSet.rules);
    this.#ledger.loaded(metrics.eventsIn);
  }
}

function nameOf(frame: Frame, context: FrameContext, events: number): ChunkName {
  return { peer: context.peer, tag: frame.tag, events, wantsAck: frame.chunk !== null };
}

/** What a held frame costs beside the bytes it was read in: what was inflated or copied of it, its alerts. */
function ownBytes(extraBytes: number, alerts: readonly DecidedAlert[]): number {
  return HELD_FRAME_BYTES + extraBytes + alerts.reduce((sum, a) => sum + a.alert.record.length, 0);
}

/** in_forward's `tag` and `add_tag_prefix`. */
function tagOf(frame: Frame, input: InputConfig): string {
  const tag = input.tag ?? frame.tag;
  return input.addTagPrefix === null ? tag : `${input.addTagPrefix}.${tag}`;
}
