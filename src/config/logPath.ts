// Where log lines go, as config and command line name it.
import { resolve } from 'node:path';

/** A file, or a socket as `tcp://HOST:PORT` or `unix:///PATH`. */
export function logPath(to: string, folder: string): string {
  return /^(tcp|unix):\/\//.test(to) ? to : resolve(folder, to);
}
