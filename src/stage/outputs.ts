// Where events go on: the output that the config names, and the disk buffer before it.
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Config, OutputConfig } from '../config/config.js';
import { forwardDefaults } from '../config/defaults.js';
import { ForwardOutput } from '../forward/client.js';
import { inflate } from '../forward/inflate.js';
import { type Logger, RateLimit } from '../observe/log.js';
import { say } from '../observe/logCodes.js';
import type { Metrics } from '../observe/metrics.js';
import { DiskBuffer } from '../sinks/diskBuffer.js';
import { LineOutput } from '../sinks/lineOutput.js';
import type { Output } from '../sinks/output.js';
import { SegmentLog } from '../sinks/segmentLog.js';
import { linkLog } from './linkLog.js';

export interface OutputIo {
  /** For `stdout:`. */
  readonly stdout: Writable;
  /** Where the buffer lies when the config names no place. */
  readonly cwd: string;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The output, behind the disk buffer where the config wants one. @throws SpoolError, the system's error */
export async function openOutput(config: Config, io: OutputIo): Promise<Output> {
  const { log, metrics } = io;
  const limit = new RateLimit(10_000, () => performance.now());
  const output = outputOf(config.output, io.stdout, log, limit);
  const usual = join(io.cwd, 'fluent-detect-buffer');
  if (config.outputBuffer === null) {
    if (await SegmentLog.isIn(usual))
      say(log, 'buffer_left_over', { path: usual }, 'a disk buffer of an earlier run is not used now');
    return output;
  }
  const path = config.outputBuffer.path ?? usual;
  const options = {
    path,
    totalLimitSize: config.outputBuffer.totalLimitSize,
    retryWait: forwardDefaults.retryWait,
    retryMaxInterval: forwardDefaults.retryMaxInterval,
    now: Date.now,
    onDelivered: (events: number) => {
      metrics.eventsOut += events;
    },
    onState: (why: string) => {
      if (why === '') say(log, 'buffer_recovered', { path }, 'the disk buffer takes chunks again');
      else
        limit.limit(`buffer ${why}`, () =>
          say(
            log,
            'buffer_waiting',
            { path, cause: why },
            'the disk buffer takes no chunks: acks are held back',
          ),
        );
    },
    onLost: (why: string, kept: string) =>
      say(log, 'buffer_lost', { path, cause: why, kept }, 'chunks of the disk buffer do not go on'),
  };
  try {
    const buffer = await DiskBuffer.open(options, output);
    metrics.bufferBytes = () => buffer.bytes;
    return buffer;
  } catch (error) {
    await output.close(0);
    throw error;
  }
}

/** What inflates where lines are written; events are bounded where they come in. */
const LINE_INFLATE_LIMIT = 2 ** 31 - 1;

function outputOf(config: OutputConfig, stdout: Writable, log: Logger, limit: RateLimit): Output {
  const lines = {
    inflate: (bytes: Buffer, compressed: 'gzip' | 'zstd') => inflate(bytes, compressed, LINE_INFLATE_LIMIT),
    retryWait: forwardDefaults.retryWait,
    retryMaxInterval: forwardDefaults.retryMaxInterval,
    onState: (up: boolean, why: string) =>
      linkLog('output', log, limit)(config.kind === 'file' ? `file:${config.path}` : 'stdout:', up, why),
  };
  switch (config.kind) {
    case 'forward':
      return new ForwardOutput(config.servers, config.client, { onLink: linkLog('output', log, limit) });
    case 'file':
      return LineOutput.toFile(config, lines);
    case 'stdout':
      return LineOutput.toStdout(config.format, stdout, lines);
    case 'discard':
      return discard;
  }
}

const discard: Output = {
  name: 'discard:',
  ready: true,
  send: (_chunk, _events, fate) => fate.confirm(),
  close: () => Promise.resolve(0),
};
