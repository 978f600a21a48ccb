// Reading of accepted sockets straight into our blocks. This is the one file that relies on less public parts of
// Node: `onread` is documented for sockets that connect; for accepted ones the connection's handle is put into a new
// `net.Socket` with `onread` (constructor option `handle`, property `_handle`; the same since Node 12.10). Where that
// fails, and for TLS, bytes come through ordinary 'data' events and are copied.
import { Socket } from 'node:net';

export interface ReadTarget {
  /** Where the next bytes go; never empty. */
  room(): Buffer;
  /** `n` bytes have been put into the last `room()`. */
  filled(n: number): void;
}

interface WithHandle {
  _handle: unknown;
}

/** Whether accepted sockets can be read straight into blocks here. */
function canReadIntoBlocks(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as WithHandle;
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof (handle as { useUserBuffer?: unknown }).useUserBuffer === 'function'
  );
}

/**
 * Starts reading an accepted socket (paused since `pauseOnConnect`) into `target`.
 * @returns the socket to use from now on: another object than `accepted` when it reads into blocks.
 */
export function readInto(accepted: Socket, target: ReadTarget, reads: 'blocks' | 'ordinary'): Socket {
  if (reads === 'ordinary' || !canReadIntoBlocks(accepted)) {
    accepted.on('data', (bytes: Buffer) => copyInto(bytes, target));
    accepted.resume();
    return accepted;
  }
  const owner = accepted as unknown as WithHandle;
  const handle = owner._handle;
  owner._handle = null;
  const options = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: () => target.room(),
      callback: (n: number) => {
        target.filled(n);
        return true;
      },
    },
  };
  return new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
}

function copyInto(bytes: Buffer, target: ReadTarget): void {
  for (let at = 0; at < bytes.length; ) {
    const room = target.room();
    const n = bytes.copy(room, 0, at);
    at += n;
    target.filled(n);
  }
}
