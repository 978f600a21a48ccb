import { afterEach, describe, expect, it } from 'vitest';
import { makeRule } from '../../support/makeRule.js';
import { match } from '../../support/records.js';
import { StageDriver } from '../../support/stageDriver.js';
import { entries, messageMode, packedMode } from '../../support/wire.js';

let stage: StageDriver;
afterEach(() => stage.stop());

/** Two events that match, and then the beginning of a third. */
const broken = Buffer.concat([entries([match('one'), match('two')]), Buffer.from([0x92, 0xd7])]);

async function sendBroken(): Promise<void> {
  const sender = await stage.sender();
  sender.write(packedMode('a', broken, { chunk: 'broken' }));
  await sender.ended();
  expect(sender.acks).toEqual([]);
}

describe('an event whose chunk was refused', () => {
  it('still gives its alert when it comes again in a chunk that is sound', async () => {
    stage = await StageDriver.start();
    await sendBroken();
    const sender = await stage.sender();
    sender.write(messageMode('a', match('one'), { chunk: 'sound' }));
    await sender.acked(1);
    expect(stage.alerts).toHaveLength(1);
    expect(await stage.metric('fluent_detect_rejected_total{reason="bad_entries"}')).toBe(1);
    await sender.close();
  });

  it('takes nothing of the rule’s max_signals', async () => {
    stage = await StageDriver.start({ rules: [makeRule({ maxSignals: 2 })] });
    await sendBroken();
    const sender = await stage.sender();
    sender.write(packedMode('a', entries([match('three'), match('four')]), { chunk: 'sound' }));
    await sender.acked(1);
    expect(stage.alerts).toHaveLength(2);
    await sender.close();
  });
});
