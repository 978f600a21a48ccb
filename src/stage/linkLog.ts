// What is logged when a connection to a server comes up or goes away.
import type { Logger, RateLimit } from '../observe/log.js';
import { say } from '../observe/logCodes.js';

export function linkLog(
  what: 'output' | 'sink',
  log: Logger,
  limit: RateLimit,
): (server: string, up: boolean, why: string) => void {
  return (server, up, why) => {
    limit.limit(`${server} ${up} ${why}`, (heldBack) => {
      const name = what === 'sink' ? 'alert sink' : what;
      if (up) say(log, `${what}_connected`, { server }, `${name}: connected`);
      else say(log, `${what}_away`, { server, held_back: heldBack }, `${name}: ${why}; trying again`);
    });
  };
}
