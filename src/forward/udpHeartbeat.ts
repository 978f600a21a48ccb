// Answers UDP heartbeats (Fluentd's `heartbeat_type udp`): a datagram on the Forward port gets one NUL byte back.
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';

/** Longer datagrams are no heartbeats (in_forward reads 128 bytes). */
const MAX_DATAGRAM = 128;

export class UdpHeartbeat {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Null when the UDP port is taken: TCP works without it. */
  static open(host: string, port: number): Promise<UdpHeartbeat | null> {
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    return new Promise((resolve) => {
      socket.once('error', () => {
        socket.close();
        resolve(null);
      });
      socket.bind(port, host, () => {
        socket.removeAllListeners('error');
        // A failed answer is a lost datagram, which UDP allows.
        socket.on('error', () => undefined);
        socket.on('message', (bytes, from) => {
          if (bytes.length <= MAX_DATAGRAM) socket.send(Buffer.from([0]), from.port, from.address);
        });
        resolve(new UdpHeartbeat(socket));
      });
    });
  }

  close(): void {
    this.#socket.close();
  }
}
