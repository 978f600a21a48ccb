import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { createDetector, DetectTransform, type LogRecord } from '../../../plugin.js';
import { root } from '../../support/program.js';
import { match, plain } from '../../support/records.js';

const detector = createDetector({ rules: `${root}conf/rules` });

async function through(records: readonly unknown[], transform: DetectTransform): Promise<LogRecord[]> {
  const out: LogRecord[] = [];
  await pipeline(Readable.from(records), transform, async (tagged: AsyncIterable<LogRecord>) => {
    for await (const record of tagged) out.push(record);
  });
  return out;
}

describe('DetectTransform', () => {
  it('gives every record on in order, tagged where a rule matches, and each alert once with its tag', async () => {
    const transform = new DetectTransform({ detector, tag: 'azure.entra' });
    const alerts: { tag: string }[] = [];
    transform.on('alert', (alert: { tag: string }) => alerts.push(alert));
    const out = await through([plain(1), match('a'), plain(2), match('a')], transform);
    expect(out.map((r) => 'detection' in r)).toEqual([false, true, false, true]);
    expect(alerts.map((a) => a.tag)).toEqual(['alert.azure.entra']);
  });

  it('holds its writer back while nobody reads, at highWaterMark', async () => {
    const transform = new DetectTransform({ detector, highWaterMark: 2 });
    let taken = 0;
    const source = Readable.from(
      (function* () {
        for (; taken < 1000; taken += 1) yield plain(taken);
      })(),
      { highWaterMark: 1 },
    );
    source.pipe(transform);
    await new Promise((r) => setTimeout(r, 50));
    expect(taken).toBeLessThan(20);
    let read = 0;
    for await (const _ of transform) read += 1;
    expect(read).toBe(1000);
  });

  it('ends with an error for a record that cannot be judged, or passes it on where it may tell of it', async () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const bad of [7, 'text', [1], circular])
      await expect(through([bad], new DetectTransform({ detector }))).rejects.toThrow(TypeError);
    const told: unknown[] = [];
    const onUnjudged = (record: unknown): void => void told.push(record);
    const out = await through(
      [plain(1), 7, circular, match('b')],
      new DetectTransform({ detector, onUnjudged }),
    );
    expect(told).toEqual([7, circular]);
    expect(out).toHaveLength(4);
    expect(out[3]).toHaveProperty('detection');
  });

  it('ends the pipeline with what a listener throws', async () => {
    const transform = new DetectTransform({ detector });
    transform.on('alert', () => {
      throw new Error('no');
    });
    const sink = new Writable({ objectMode: true, write: (_r, _e, done) => done() });
    await expect(pipeline(Readable.from([match('c')]), transform, sink)).rejects.toThrow('no');
    expect(transform.destroyed).toBe(true);
  });
});
