import { describe, expect, it } from 'vitest';
import { Alerter } from '../../../src/alerts/alerter.js';
import { StatefulRules } from '../../../src/detect/stateful.js';
import { type SavedState, StateKeeper } from '../../../src/stage/stateKeeper.js';

const settle = (): Promise<void> => new Promise((r) => setTimeout(r, 20));

function keeper() {
  const written: SavedState[] = [];
  const failed: string[] = [];
  const k = new StateKeeper(
    async (state) => void written.push(state),
    (cause) => void failed.push(cause.message),
  );
  const alerter = new Alerter({
    tag: 'alert',
    lookBackMax: 10,
    onCap: () => undefined,
    onSuppressed: () => undefined,
  });
  const stateful = new StatefulRules({ max: 10, newTermsWarmUp: 0 });
  return { k, written, failed, save: () => k.save(alerter, stateful), alerter, stateful };
}

describe('what is kept for the next start', () => {
  it('is not written before the alerts it knows of are safe', async () => {
    const { k, written, save } = keeper();
    let safe: () => void = () => undefined;
    void k.whenSafe(new Promise<void>((resolve) => (safe = resolve)));
    k.changed = true;
    void save();
    void save();
    await settle();
    expect(written).toHaveLength(0);
    safe();
    await settle();
    expect(written).toHaveLength(1);
    k.changed = true;
    await save();
    expect(written).toHaveLength(2);
  });

  it('is not written when nothing changed', async () => {
    const { written, save } = keeper();
    await save();
    expect(written).toHaveLength(0);
  });

  it('stays as it was when the alerts are not safe by the end, and shutdown goes on', async () => {
    const { k, written, failed, alerter, stateful } = keeper();
    void k.whenSafe(new Promise<void>(() => undefined));
    await k.close(alerter, stateful, 20);
    await settle();
    expect({ written, failed }).toEqual({ written: [], failed: [] });
  });

  it('is told to the log when an alert could not be made safe, and is written the next time', async () => {
    const { k, written, failed, save } = keeper();
    const refused = k.whenSafe(Promise.reject(new Error('disk full')));
    k.changed = true;
    await Promise.all([save(), expect(refused).rejects.toThrow('disk full')]);
    expect({ written, failed }).toEqual({ written: [], failed: ['disk full'] });
    k.changed = true;
    await save();
    expect(written).toHaveLength(1);
  });
});
