// `fluent-detect replay CAPTURE… --to forward://HOST:PORT`: captured events into a live pipeline.
import type { Config, OutputConfig } from '../config/config.js';
import { EndpointError, parseEndpoint } from '../config/endpoints.js';
import { ForwardOutput } from '../forward/client.js';
import type { CaptureFormat } from '../replay/readers.js';
import { Send } from '../replay/send.js';
import { type CommandIo, configFor, type ExitStatus } from './io.js';
import { filesToReplay, readCaptures } from './replayInputs.js';
import { Progress } from './replayProgress.js';

export interface SendFlags {
  readonly format: CaptureFormat | 'auto';
  readonly config?: string;
  readonly to: string;
  readonly tag: string;
  /** Events a second, and times real time; null: not said. */
  readonly rate: number | null;
  readonly speed: number | null;
  readonly json?: boolean;
}

export async function sendCommand(
  captures: readonly string[],
  flags: SendFlags,
  io: CommandIo,
): Promise<ExitStatus> {
  if (!isForward(flags.to, io)) return 2;
  const config = configFor({ ...configFlag(flags), out: [flags.to] }, io, { output: true });
  const target = config && targetOf(config, flags, io);
  const files = target && filesToReplay(captures, io);
  if (!target || !files) return 2;
  const progress = new Progress(io, files);
  const output = new ForwardOutput(target.servers, target.client, {
    onLink: (server, up, why) => {
      if (!up) progress.say(`${server}: ${why}; trying again`);
    },
  });
  const started = performance.now();
  const send = new Send(output, {
    tag: flags.tag,
    rate: flags.rate,
    speed: flags.speed,
    now: () => performance.now(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });
  const stop = (): void => void output.close(0);
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const totals = () => ({ events: send.acked, matches: 0 });
  const errors = await readCaptures(files, send, { format: flags.format, io, progress, totals });
  await send.end();
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  progress.stop();
  await output.close(0);
  const seconds = (performance.now() - started) / 1000;
  const lost = send.events - send.acked;
  const found = { events: send.events, acked: send.acked, errors, seconds };
  if (flags.json) io.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else {
    const bad = errors > 0 ? `, ${errors} lines could not be read` : '';
    const rate = Math.round(send.acked / Math.max(seconds, 0.001)).toLocaleString('en-US');
    progress.say(`${send.acked} of ${send.events} events acked by ${output.name}, ${rate} a second${bad}`);
  }
  return lost > 0 || errors > 0 ? 1 : 0;
}

/** False: it is no Forward address, and that has been said. */
function isForward(to: string, io: CommandIo): boolean {
  let why = `${to}: events are sent to forward://HOST:PORT`;
  try {
    if (parseEndpoint(to, io.cwd).kind === 'forward') return true;
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    why = error.message;
  }
  io.stderr.write(`--to: ${why}\n`);
  return false;
}

function configFlag({ config }: SendFlags): { config?: string } {
  return config === undefined ? {} : { config };
}

/** The server of `--to`; TLS, shared key and the client's options are those of the config's own Forward output. */
function targetOf(
  config: Config,
  flags: SendFlags,
  io: CommandIo,
): Extract<OutputConfig, { kind: 'forward' }> | null {
  const { output } = config;
  if (output.kind !== 'forward') return null;
  const own = configFor(configFlag(flags), io, { output: false })?.output;
  const known = own?.kind === 'forward' ? own : null;
  const servers = output.servers.map((server) => ({
    ...server,
    tls: known?.servers[0]?.tls ?? null,
    security: known?.servers[0]?.security ?? null,
  }));
  return {
    kind: 'forward',
    servers,
    client: { ...(known?.client ?? output.client), requireAckResponse: true },
  };
}

/** `5000/s`, `60x`; null: it is neither. */
