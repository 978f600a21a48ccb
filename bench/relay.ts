// The yardstick: a plain Node relay that reads nothing. argv: listen port, target port.
import { createConnection, createServer } from 'node:net';

const [listen, target] = process.argv.slice(2).map(Number);
createServer({ noDelay: true }, (up) => {
  const down = createConnection({ port: target!, host: '127.0.0.1', noDelay: true });
  up.pipe(down);
  down.pipe(up);
  for (const [socket, peer] of [
    [up, down],
    [down, up],
  ] as const) {
    socket.on('error', () => peer.destroy());
  }
}).listen(listen, '127.0.0.1', () => process.stderr.write('ready\n'));
