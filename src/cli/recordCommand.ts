// `fluent-detect record --in forward://… --out cap.fwd`: a live Forward stream into a capture for `replay`.
import { resolve } from 'node:path';
import { sizeOf, timeOf } from '../config/units.js';
import type { Frame, FrameContext } from '../forward/message.js';
import { Rejection } from '../forward/rejection.js';
import { ForwardServer, ListenError } from '../forward/server.js';
import { recordedMessage } from '../replay/recordedMessage.js';
import { Recording } from '../replay/recording.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { addressText } from './runCommand.js';

export interface RecordFlags {
  readonly config?: string;
  readonly in?: readonly string[];
  readonly out: string;
  readonly redact?: readonly string[];
  readonly maxSize?: string;
  readonly rotateSize?: string;
  readonly for?: string;
}

/** Taken and not yet on disk: past it nothing more is read until the disk has caught up. */
const MAX_WAITING = 64 * 1024 * 1024;

export async function recordCommand(flags: RecordFlags, io: CommandIo): Promise<ExitStatus> {
  const say = (message: string): void => void io.stderr.write(`${message}\n`);
  const config = configFor(
    {
      ...(flags.config === undefined ? {} : { config: flags.config }),
      ...(flags.in ? { in: flags.in } : {}),
    },
    io,
    { output: false },
  );
  const bounds = config && boundsOf(flags, say);
  if (!config || !bounds) return 2;
  let end: (why: string) => void = () => undefined;
  const ended = new Promise<string>((done) => {
    end = done;
  });
  let failure: Error | null = null;
  let recording: Recording;
  try {
    recording = await Recording.create({
      path: resolve(io.cwd, flags.out),
      rotateBytes: bounds.rotate,
      maxBytes: bounds.max,
      onFull: () => end(`${flags.maxSize} are recorded`),
      onWritten: () => pause(),
      onError: (error) => {
        failure = error;
        end(`cannot write: ${error.message}`);
      },
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    say(
      code === 'EEXIST'
        ? `${flags.out} is there already: a capture is not written over`
        : `cannot write: ${message}`,
    );
    return 2;
  }
  const fields = flags.redact ?? [];
  const servers = config.inputs.map(
    (input) =>
      new ForwardServer(input, {
        onFrame: (frame, context) => {
          take(frame, context, fields, input.decompressionSizeLimit, recording);
          pause();
        },
        onReject: (code, detail, peer) => say(`${peer}: ${code}: ${detail}`),
        onConnection: () => undefined,
      }),
  );
  let isPaused = false;
  const pause = (): void => {
    const isOver = recording.waitingBytes > MAX_WAITING;
    if (isOver === isPaused) return;
    isPaused = isOver;
    for (const server of servers) server.pause(isOver);
  };
  try {
    for (const server of servers)
      say(`ready: recording ${addressText(await server.listen())} to ${flags.out}`);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    for (const server of servers) server.close();
    await recording.close();
    say(error.message);
    return 2;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end(`${signal} came`));
  const timer = bounds.time === null ? null : setTimeout(() => end(`${flags.for} are over`), bounds.time);
  const why = await ended;
  if (timer) clearTimeout(timer);
  for (const server of servers) server.stopAccepting();
  await recording.close();
  for (const server of servers) server.close();
  say(
    `${why}: ${recording.messages} messages, ${recording.bytes} bytes, in ${recording.files.length} file(s)`,
  );
  return failure === null ? 0 : 1;
}

function take(
  frame: Frame,
  context: FrameContext,
  fields: readonly string[],
  inflateLimit: number,
  recording: Recording,
): void {
  try {
    const parts = recordedMessage(frame, fields, inflateLimit);
    recording.add({
      parts,
      bytes: parts.reduce((sum, part) => sum + part.length, 0),
      ack: () => context.ack(),
      refuse: () => context.refuse('downstream_refused', 'the recording is over'),
    });
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    context.refuse(error.code, error.message);
  }
}

interface Bounds {
  readonly max: number | null;
  readonly rotate: number | null;
  readonly time: number | null;
}

/** Null: one is not what it should be, and that has been said. */
function boundsOf(flags: RecordFlags, say: (message: string) => void): Bounds | null {
  const read = (
    flag: string,
    text: string | undefined,
    of: (text: string) => number | null,
  ): number | null => {
    if (text === undefined) return null;
    const value = of(text);
    if (value !== null && value > 0) return value;
    say(`${flag} ${text}: expected ${of === timeOf ? '30s, 5m, 1h' : '100m, 2g'}`);
    return Number.NaN;
  };
  const bounds = {
    max: read('--max-size', flags.maxSize, sizeOf),
    rotate: read('--rotate-size', flags.rotateSize, sizeOf),
    time: read('--for', flags.for, timeOf),
  };
  return Object.values(bounds).some(Number.isNaN) ? null : bounds;
}
