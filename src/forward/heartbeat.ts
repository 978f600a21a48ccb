// Asks a downstream server again and again whether it lives, as out_forward does (`heartbeat_type`): `transport` opens
// and closes an empty connection, `udp` sends a datagram that the server answers with one.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { ForwardClientOptions, OutputServer } from '../config/config.js';
import { dial, openEvent } from './dial.js';

/** ms; a shorter `heartbeat_interval` is taken for this. */
const MIN_INTERVAL = 10;

/** Sends one heartbeat and calls back for every answer, whenever it comes. */
interface Pulse {
  beat(): void;
  close(): void;
}

export class Heartbeat {
  readonly #options: ForwardClientOptions;
  readonly #now: () => number;
  readonly #onChange: (alive: boolean) => void;
  readonly #pulse: Pulse;
  readonly #timer: NodeJS.Timeout;
  #answeredAt: number;
  #alive = true;

  /**
   * @param onChange false: no answer within `hard_timeout`; true: there is one again.
   * @param now ms, monotonic.
   */
  constructor(
    server: OutputServer,
    options: ForwardClientOptions,
    now: () => number,
    onChange: (alive: boolean) => void,
  ) {
    this.#options = options;
    this.#now = now;
    this.#onChange = onChange;
    this.#answeredAt = now();
    const answered = (): void => this.#answered();
    this.#pulse =
      options.heartbeatType === 'udp' ? udpPulse(server, answered) : emptyConnections(server, answered);
    this.#pulse.beat();
    this.#timer = setInterval(() => this.#tick(), Math.max(options.heartbeatInterval, MIN_INTERVAL));
    this.#timer.unref();
  }

  get alive(): boolean {
    return this.#alive;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#pulse.close();
  }

  #answered(): void {
    this.#answeredAt = this.#now();
    if (this.#alive) return;
    this.#alive = true;
    this.#onChange(true);
  }

  #tick(): void {
    if (this.#alive && this.#now() - this.#answeredAt > this.#options.hardTimeout) {
      this.#alive = false;
      this.#onChange(false);
    }
    this.#pulse.beat();
  }
}

function udpPulse({ host, port }: OutputServer, answered: () => void): Pulse {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  socket.unref();
  // Unreachable, unknown host: a heartbeat without an answer, which is counted as such.
  socket.on('error', () => undefined);
  socket.on('message', answered);
  return {
    beat: () => socket.send(Buffer.from([0]), port, host, () => undefined),
    close: () => socket.close(),
  };
}

/** One at a time: a connection that hangs is given up when the next is due. */
function emptyConnections(server: OutputServer, answered: () => void): Pulse {
  let current: ReturnType<typeof dial> | null = null;
  return {
    beat: () => {
      current?.destroy();
      let socket: ReturnType<typeof dial>;
      try {
        socket = dial(server, null);
      } catch {
        // A certificate that is being replaced: no heartbeat, and so no answer, which is counted.
        return;
      }
      current = socket;
      socket.unref();
      socket.on('error', () => undefined);
      socket.once(openEvent(server), () => {
        socket.end();
        socket.resume();
        if (current === socket) current = null;
        answered();
      });
    },
    close: () => current?.destroy(),
  };
}
