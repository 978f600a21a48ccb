import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { encode } from '../../../src/msgpack/encode.js';
import { PartialLines } from '../../../src/stage/partialLines.js';
import { match } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { messageMode, type Plain } from '../../support/wire.js';

const open: StageDriver[] = [];
afterEach(async () => {
  for (const stage of open.splice(0)) await stage.stop();
});
async function start(...input: string[]): Promise<StageDriver> {
  const stage = await StageDriver.start({ input: ['join_partial: docker', ...input] });
  open.push(stage);
  return stage;
}

/** A line of a container in the parts that Docker's fluentd driver makes of it. */
function parts(line: string, size: number, id = 'p1'): Plain[] {
  const texts = line.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g'))!;
  return texts.map((log, n) => ({
    container_id: 'c0ffee',
    container_name: '/app',
    source: 'stdout',
    log,
    partial_message: 'true',
    partial_id: id,
    partial_ordinal: String(n + 1),
    partial_last: String(n + 1 === texts.length),
  }));
}
const line = (id: string): string => JSON.stringify({ ...match(id), filler: 'x'.repeat(500) });

async function send(stage: StageDriver, records: readonly Plain[], tag = 'docker.app'): Promise<void> {
  const sender = await stage.sender();
  for (const [n, record] of records.entries()) {
    sender.write(messageMode(tag, record, { chunk: `c${n}` }));
    await sender.acked(n + 1);
  }
  await sender.close();
}
const recordsOf = (stage: StageDriver): Plain[] => stage.downstream.events.map((e) => e.record as Plain);
const tagged = (stage: StageDriver): number[] =>
  recordsOf(stage).flatMap((r, n) => ('detection' in r ? [n] : []));

describe('join_partial: docker', () => {
  it('lets every part go on as it came, with the tags on the one that ends the line and the whole line in the alert', async () => {
    const stage = await start();
    const sent = parts(line('a'), 200);
    await send(stage, sent);
    const back = recordsOf(stage);
    expect(back.slice(0, -1)).toEqual(sent.slice(0, -1));
    expect(back.at(-1)).toMatchObject(sent.at(-1)!);
    expect(tagged(stage)).toEqual([sent.length - 1]);
    expect(stage.alerts.map((a) => a['log'])).toEqual([line('a')]);
  });

  it('joins parts that come out of order, of several lines at once, or twice', async () => {
    const stage = await start();
    const [a, b] = [parts(line('a'), 300, 'a'), parts(line('b'), 300, 'b')];
    await send(stage, [a[1]!, b[0]!, a[0]!, b[0]!, ...a.slice(2), ...b.slice(1)]);
    expect(tagged(stage)).toHaveLength(2);
    // The same chunk again: tagged again, no second alert.
    await send(stage, b.slice(-1));
    expect(tagged(stage)).toHaveLength(3);
    expect(stage.alerts).toHaveLength(2);
  });

  it('judges whole events as ever, and the end of a line that lacks parts by itself, and says so', async () => {
    const stage = await start();
    await send(stage, [{ log: line('whole') }, ...parts(line('a'), 300).slice(1)]);
    expect(tagged(stage)).toEqual([0]);
    expect(stage.logged('incomplete_line')).toHaveLength(1);
    await send(stage, parts(line('b'), 300, 'b'));
    expect(tagged(stage)).toHaveLength(2);
  });

  it('gives up the oldest line past join_partial_limit, and every line after join_partial_timeout', async () => {
    const small = await start('join_partial_limit: 2k');
    const [a, b] = [parts(line('a'), 300, 'a'), parts(line('b'), 300, 'b')];
    await send(small, [...a.slice(0, -1), ...b.slice(0, -1), ...a.slice(-1), ...b.slice(-1)]);
    expect(small.logged('incomplete_line').map((l) => l['partial_id'])).toEqual(['a']);
    expect(tagged(small)).toHaveLength(1);
    const hasty = await start('join_partial_timeout: 1ms');
    const c = parts(line('c'), 300, 'c');
    await send(hasty, c.slice(0, -1));
    await new Promise((r) => setTimeout(r, 20));
    await send(hasty, c.slice(-1));
    expect(tagged(hasty)).toEqual([]);
  });

  it('is off unless it is asked for', async () => {
    const stage = await StageDriver.start();
    open.push(stage);
    await send(stage, parts(line('a'), 300));
    expect(tagged(stage)).toEqual([]);
    expect(stage.logged('incomplete_line')).toEqual([]);
  });

  it.each([
    { partial_id: 7 },
    { partial_ordinal: 'one' },
    { partial_ordinal: '0' },
    { partial_ordinal: '99999999999' },
    { log: { a: 1 } },
    { log: null },
    { partial_last: true },
  ])('takes an event with %j for what it is, and goes on', async (odd) => {
    const stage = await start();
    const [first] = parts(line('a'), 5000);
    await send(stage, [{ ...first!, ...odd }, ...parts(line('b'), 300, 'b')]);
    expect(recordsOf(stage)[0]).toMatchObject(odd);
    expect(stage.alerts.at(-1)!['log']).toBe(line('b'));
  });
});

describe('parts of a chunk that is made again, or was refused', () => {
  const part = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    ordinal: fc.integer({ min: 1, max: 3 }),
    last: fc.boolean(),
    log: fc.string({ minLength: 1, maxLength: 300 }),
    /** ms since the one before. */
    after: fc.integer({ min: 0, max: 40 }),
  });
  const chunks = fc.array(fc.record({ parts: fc.array(part, { maxLength: 6 }), isFinal: fc.boolean() }), {
    maxLength: 12,
  });

  it('leave no trace: what follows is joined, given up and told as if they had never come', () => {
    fc.assert(
      fc.property(chunks, (sent) => {
        const told: string[][] = [[], []];
        const [tried, spared] = told.map(
          (list) => new PartialLines({ maxBytes: 1500, timeout: 100, onIncomplete: (id) => list.push(id) }),
        ) as [PartialLines, PartialLines];
        let nowMs = 0;
        for (const chunk of sent) {
          const records = chunk.parts.map((p) => {
            nowMs += p.after;
            const record = encode({
              log: p.log,
              partial_message: 'true',
              partial_id: p.id,
              partial_ordinal: String(p.ordinal),
              partial_last: String(p.last),
            });
            return { record, nowMs };
          });
          const seenBy = (lines: PartialLines) =>
            records.map(({ record, nowMs: at }) => lines.look('t', record, 0, record.length, at));
          const first = seenBy(tried);
          tried.withdraw();
          expect(tried.bytes).toBe(spared.bytes);
          if (!chunk.isFinal) continue;
          expect(seenBy(tried)).toEqual(first);
          expect(seenBy(spared)).toEqual(first);
          for (const lines of [tried, spared]) lines.settle();
          expect(told[0]).toEqual(told[1]);
        }
      }),
      { numRuns: 300 },
    );
  });
});
