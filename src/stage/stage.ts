// The stage: frames in, every event out, alerts to the sinks; back-pressure, reload and shutdown. It wires the rooms
// together and owns no rule of its own but the order of things.

import type { Config, InputConfig, ListenAddress } from '../config/config.js';
import { inflateAtOnce } from '../forward/inflate.js';
import { memoryShares, readMemory } from '../forward/memory.js';
import type { Frame, FrameContext } from '../forward/message.js';
import { Rejection } from '../forward/rejection.js';
import { ForwardServer } from '../forward/server.js';
import type { Logger } from '../observe/log.js';
import type { Metrics } from '../observe/metrics.js';
import type { RuleSet } from '../rules/rule.js';
import type { SinkRest } from '../sinks/delivery.js';
import type { Output } from '../sinks/output.js';
import { AckChain, type ChunkName, HeldChunk } from './ackChain.js';
import type { AlertFeed } from './alertFeed.js';
import type { Alerting, DecidedAlert } from './alerting.js';
import { AlertReport } from './alertReport.js';
import type { DeliveryStatus } from './alertSide.js';
import { Assembly } from './assembly.js';
import { type MadeChunk, makeChunk } from './chunks.js';
import { ChunkWork, type WorkDeps } from './chunkWork.js';
import { EntriesError } from './entries.js';
import { type Accepted, Intake } from './intake.js';
import type { Notices } from './notices.js';
import type { RuleLedger } from './ruleLedger.js';
import { RulesInForce } from './rulesInForce.js';
import { StageStatus } from './stageStatus.js';

export interface StageDeps {
  readonly output: Output;
  readonly alerting: Alerting;
  readonly feed: AlertFeed;
  readonly delivery: DeliveryStatus;
  readonly notices: Notices;
  readonly ledger: RuleLedger;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Epoch ms. */
  readonly now: () => number;
}

/** What a held frame costs beside its bytes: small messages must not outgrow memory_limit. */
const HELD_FRAME_BYTES = 1024;

/** What could not be finished in time. */
export interface Rest {
  /** Not confirmed by the output, and not acked. */
  readonly chunks: readonly ChunkName[];
  readonly sinks: readonly SinkRest[];
}

/** The payload of the frame under work is to be inflated apart. */
class InflatesApart extends Error {}

export class Stage {
  readonly #config: Config;
  readonly #deps: StageDeps;
  readonly #servers: ForwardServer[];
  readonly #chain: AckChain;
  readonly #alerting: Alerting;
  readonly #works = new Map<InputConfig, ChunkWork>();
  readonly #notices: Notices;
  readonly #ledger: RuleLedger;
  /** What it tells about itself. */
  readonly report: StageStatus;
  readonly alerts: AlertReport;
  readonly #rules: RulesInForce;
  readonly #intake = new Intake({
    isShort: () => this.#chain.stopped,
    take: (accepted, nowMs) => this.#take(accepted, nowMs),
    refuse: ({ frame, context, input }, code, detail) =>
      context.refuse(code, `tag ${JSON.stringify(tagOf(frame, input))}: ${detail}`),
    onUnanswered: ({ context }, cause) => this.#notices.givenUp(context.peer, cause),
  });
  #listening = false;
  #stopped: Promise<Rest> | null = null;

  constructor(config: Config, ruleSet: RuleSet, deps: StageDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#notices = deps.notices;
    this.#ledger = deps.ledger;
    this.#alerting = deps.alerting;
    this.#rules = new RulesInForce(ruleSet, config.rules, deps);
    const memory = readMemory(config.memoryLimit);
    const heldLimit = memoryShares(config.memoryLimit).held;
    this.#chain = new AckChain({
      heldLimit,
      keptBytes: () => memory.pool.leftBytes,
      onOwnBytes: (bytes) => {
        memory.pool.takenBytes = bytes;
      },
      now: () => performance.now(),
      onPressure: (stop) => {
        if (!stop) this.#intake.goOn();
        // What was put off may have filled it again.
        if (stop !== this.#chain.stopped) return;
        for (const server of this.#servers) server.pause(stop);
        memory.large.pause(stop);
        this.#notices.pressure(stop, this.#chain.heldBytes);
      },
      onWritten: (events) => {
        if (!deps.output.buffered) deps.metrics.eventsOut += events;
      },
      onAcked: (ms) => deps.metrics.chunkLatency(ms / 1000),
      onGivenUp: (context, cause) => this.#notices.givenUp(context.peer, cause),
    });
    const work: WorkDeps = {
      stripMetadata: config.metadata === 'strip',
      assembly: new Assembly((size) => memory.pool.takeHeld(size)),
      alerting: this.#alerting,
      inflate: (accepted) => this.#inflate(accepted),
      onIncomplete: (id) => this.#notices.incompleteLine(id),
    };
    for (const input of config.inputs) this.#works.set(input, new ChunkWork(input, work));
    this.#servers = config.inputs.map(
      (input) =>
        new ForwardServer(
          input,
          {
            onFrame: (frame, context) => this.#intake.accept({ frame, context, input }),
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
      feed: deps.feed,
      ledger: this.#ledger,
      heldLimit,
      engines: () => this.#rules.engines,
      listening: () => this.#listening,
    });
    this.alerts = new AlertReport(deps.feed, () => this.ruleSet, config.rules.fieldMapping);
    this.#rules.count();
  }

  get ruleSet(): RuleSet {
    return this.#rules.ruleSet;
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
    this.#rules.replace(ruleSet, rules);
  }

  /** New rules did not load: the set in force stays. @param errors each with its place. */
  notReloaded(errors: readonly string[]): void {
    this.#rules.notReplaced(errors);
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
    await Promise.race([this.#idle(), late]);
    clearTimeout(timer);
    const left = Math.max(0, until - performance.now());
    // What is still held was not acked: its sender will send it again.
    const chunks = [...this.#chain.held, ...this.#intake.waiting.map((d) => nameOf(d.frame, d.context))];
    const { output } = this.#deps;
    await output.close(output.buffered ? left : 0);
    const sinks = await this.#alerting.stop(left);
    for (const server of this.#servers) server.close();
    return { chunks, sinks };
  }

  /** Resolves when nothing that was accepted is under work. */
  async #idle(): Promise<void> {
    do {
      while (this.#intake.underWay) await this.#intake.underWay;
      await this.#chain.idle();
    } while (this.#intake.underWay);
  }

  status(): ReturnType<StageStatus['status']> {
    return this.report.status();
  }

  #take(accepted: Accepted, nowMs = this.#deps.now()): void {
    const { frame, context, input } = accepted;
    const { metrics, output } = this.#deps;
    const tag = tagOf(frame, input);
    const work = this.#works.get(input)!;
    work.begin(accepted, tag, this.#rules.for(tag), nowMs);
    let made: MadeChunk;
    try {
      made = makeChunk(frame, context.connectionId, work);
    } catch (error) {
      this.#alerting.withdraw(work.takeAlerts());
      work.lines?.withdraw();
      if (error instanceof InflatesApart) this.#intake.inflateApart(accepted);
      else if (error instanceof EntriesError || error instanceof Rejection)
        context.refuse(error.code, `tag ${JSON.stringify(tag)}: ${error.message}`);
      else throw error;
      return;
    } finally {
      work.end();
    }
    const asked = this.#alerting.unanswered();
    if (asked) {
      made.body?.release();
      work.lines?.withdraw();
      this.#intake.ask(asked, accepted, nowMs);
      return;
    }
    work.lines?.settle();
    const { chunk, events, extraBytes, body } = made;
    if (made.isApart) context.free();
    for (const [reason, count] of work.invalid) this.#notices.invalid(reason, count, tag, context.peer);
    for (const { ruleId, severity, count } of work.matched.all) {
      metrics.match(ruleId, severity, count);
      this.#ledger.matched(ruleId, nowMs, count);
    }
    metrics.eventsIn += events;
    const bytes = frame.end - frame.start;
    this.#notices.size(bytes, input.chunkSizeWarnLimit, tag, context.peer);
    // From here on other chunks may be taken: what was found in this one is no longer there.
    const alerts = work.takeAlerts();
    const { hangsOnOthers } = work;
    const confirmations = (chunk ? 1 : 0) + (alerts.length > 0 ? 1 : 0) + (hangsOnOthers ? 1 : 0);
    if (!chunk) body?.release();
    if (confirmations === 0) {
      context.ack();
      return;
    }
    const own = ownBytes(extraBytes, alerts);
    const held = new HeldChunk(frame, context, events, own, body, confirmations);
    this.#chain.hold(held);
    if (alerts.length > 0) told(held, this.#alerting.submit(alerts));
    if (hangsOnOthers) told(held, this.#alerting.allSafe());
    if (chunk) output.send(chunk, events, held);
  }

  #inflate({ frame, context, input, inflated: before }: Accepted): Buffer | null {
    if (before) return before;
    const body = frame.buffer.subarray(frame.bodyStart, frame.bodyEnd);
    const inflated = inflateAtOnce(body, frame.compressed!, input.decompressionSizeLimit);
    if (inflated === 'large') throw new InflatesApart();
    if (inflated === null) this.#notices.unread(context.peer, frame.tag);
    return inflated;
  }
}

function told(held: HeldChunk, confirmation: Promise<unknown>): void {
  confirmation.then(
    () => held.confirmed(),
    (cause: Error) => held.giveUp(cause),
  );
}

/** Of one that was not taken yet. */
function nameOf({ tag, option }: Frame, { peer }: FrameContext): ChunkName {
  return { peer, tag, events: 0, wantsAck: option.chunkStart !== -1 };
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
