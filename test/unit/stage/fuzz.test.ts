// Broken streams by the thousand. FUZZ_SECONDS sets the budget (`npm run fuzz`: two minutes), FUZZ_SEED repeats a run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { match, plain } from '../../support/records.js';
import type { Sender } from '../../support/sender.js';
import { StageDriver } from '../../support/stageDriver.js';
import { compressedMode, entries, forwardMode, messageMode, pack, packedMode } from '../../support/wire.js';

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 3);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);

/** mulberry32 */
function chance(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const whole = [
  messageMode('a.b', plain(1), { chunk: 'c' }),
  messageMode('a.b', match('m'), { chunk: 'c', metadata: {} }),
  forwardMode('a.b', [plain(1), match('m')], { chunk: 'c', size: 2 }),
  packedMode('a.b', entries([plain(1), match('m')]), { chunk: 'c' }),
  compressedMode('a.b', entries([plain(1), match('m')]), { chunk: 'c' }),
  packedMode('a.b', pack([[1, { meta: 1 }], match('m')]), { fluent_signal: 0 }),
  Buffer.from('["a.b",1,{"a":[1,{"b":null}]},{"chunk":"c"}]'),
];
/** Bytes that headers are made of, and their neighbours. */
const telling = [
  0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcf, 0xd3, 0xd4, 0xd7, 0xd9,
  0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xff, 0x00, 0x7f,
];

function mutate(bytes: Buffer, random: () => number): Buffer {
  let out = Buffer.from(bytes);
  const below = (n: number): number => Math.floor(random() * n);
  for (let times = 1 + below(4); times > 0; times -= 1) {
    const at = below(out.length);
    switch (below(6)) {
      case 0:
        out[at] = below(256);
        break;
      case 1:
        out[at] = telling[below(telling.length)]!;
        break;
      case 2:
        out = out.subarray(0, at + 1);
        break;
      case 3:
        out = Buffer.concat([out.subarray(0, at), Buffer.from([below(256), below(256)]), out.subarray(at)]);
        break;
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.length, at + 1 + below(8)))]);
        break;
      default:
        out = Buffer.concat([out, out.subarray(at)]);
    }
    if (out.length === 0) out = Buffer.from([0xc1]);
  }
  return out;
}

describe('a stage under broken streams', () => {
  let stage: StageDriver;
  let control: Sender;
  beforeAll(async () => {
    stage = await StageDriver.start({
      input: ['chunk_size_limit: 256k', 'decompression_size_limit: 1m', 'max_depth: 64'],
      config: 'memory_limit: 64m\nlog: { level: error }',
    });
    control = await stage.sender();
  });
  afterAll(() => stage.stop());

  it(
    'lives, delivers what was good before them, serves its other connections, and keeps its memory',
    async () => {
      const random = chance(seed);
      const until = Date.now() + seconds * 1000;
      let good = 0;
      let controls = 0;
      let rss = 0;
      for (let round = 0; Date.now() < until; round += 1) {
        const senders = await Promise.all(Array.from({ length: 10 }, () => stage.sender()));
        for (const sender of senders) {
          sender.write(messageMode('good', plain(round), { chunk: 'g' }));
          good += 1;
        }
        await Promise.all(senders.map((s) => s.acked(1)));
        for (const sender of senders) {
          sender.write(mutate(whole[Math.floor(random() * whole.length)]!, random));
          sender.socket.end();
        }
        controls += 1;
        control.write(messageMode('control', match(`control-${round}`), { chunk: 'k' }));
        await control
          .acked(controls)
          .catch(() => expect.fail(`the control connection was closed; FUZZ_SEED=${seed}`));
        await Promise.all(senders.map((s) => s.close()));
        if (round === 20) rss = process.memoryUsage().rss;
      }
      const arrived = stage.downstream.messages.filter((m) => m.tag === 'good').length;
      expect({ seed, arrived }).toEqual({ seed, arrived: good });
      while (stage.running.metrics.connections > 1) await new Promise((r) => setTimeout(r, 5));
      expect(await stage.metric('fluent_detect_held_bytes')).toBe(0);
      if (rss > 0) expect(process.memoryUsage().rss - rss).toBeLessThan(400 * 2 ** 20);
    },
    seconds * 1000 + 30_000,
  );
});
