import { describe, expect, it } from 'vitest';
import { InFlight, type Outgoing } from '../../../src/forward/inFlight.js';

const outgoing = (id: string): Outgoing => ({ id }) as Outgoing;
const confirm = (inFlight: InFlight, id: string): Outgoing | null =>
  inFlight.confirm(Buffer.from(`<${id}>`), 1, id.length + 1);

describe('what was sent over a connection and is not confirmed', () => {
  it('is confirmed by its id, in whatever order acks come', () => {
    const inFlight = new InFlight();
    const sent = ['a', 'b', 'c'].map(outgoing);
    for (const [n, one] of sent.entries()) inFlight.add(one, n);
    expect(confirm(inFlight, 'b')).toBe(sent[1]);
    expect(inFlight.all()).toEqual([sent[0], sent[2]]);
    expect(inFlight.oldest).toMatchObject({ id: 'a', sentAt: 0 });
    expect(confirm(inFlight, 'a')).toBe(sent[0]);
    expect(confirm(inFlight, 'c')).toBe(sent[2]);
    expect(inFlight.size).toBe(0);
    expect(inFlight.oldest).toBeNull();
  });

  it('tells an ack that comes twice from one for what was never sent', () => {
    const inFlight = new InFlight();
    inFlight.add(outgoing('a'), 0);
    confirm(inFlight, 'a');
    expect(confirm(inFlight, 'a')).toBeNull();
    expect(inFlight.hasConfirmed('a')).toBe(true);
    expect(confirm(inFlight, 'b')).toBeNull();
    expect(inFlight.hasConfirmed('b')).toBe(false);
  });

  it('remembers the last 1,024 that were confirmed', () => {
    const inFlight = new InFlight();
    for (let n = 0; n < 1025; n += 1) {
      inFlight.add(outgoing(`id ${n}`), n);
      confirm(inFlight, `id ${n}`);
    }
    expect(inFlight.hasConfirmed('id 0')).toBe(false);
    expect(inFlight.hasConfirmed('id 1')).toBe(true);
    expect(inFlight.hasConfirmed('id 1024')).toBe(true);
  });
});
