// conf/prometheus and conf/grafana: what they ask for is there, and the alerts fire when they should.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../../src/observe/metrics.js';
import { root } from '../../support/program.js';

const text = (path: string): string => readFileSync(`${root}conf/${path}`, 'utf8');
const promtool = (...args: string[]) => spawnSync('promtool', args, { encoding: 'utf8', cwd: root });
const hasPromtool = promtool('--version').error === undefined;
if (!hasPromtool)
  process.stderr.write('\n*** SKIPPED: there is no promtool (apt-get install prometheus)\n\n');

describe('the monitoring that is shipped', () => {
  it.each(['prometheus/alerts.yaml', 'prometheus/alerts.test.yaml', 'grafana/fluent-detect.json'])(
    '%s asks only for metrics that the stage has',
    async (path) => {
      const { body } = await new Metrics('1').text();
      const known = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map((m) => m[1]!));
      const asked = new Set(text(path).match(/\b(fluent_detect|process|nodejs)_\w+/g));
      expect(asked.size).toBeGreaterThan(8);
      const missing = [...asked].filter(
        (name) => !known.has(name) && !known.has(name.replace(/_bucket$/, '')),
      );
      expect(missing).toEqual([]);
    },
  );

  it.skipIf(!hasPromtool)('promtool finds nothing wrong with the alerts', () => {
    const { status, stdout, stderr } = promtool('check', 'rules', 'conf/prometheus/alerts.yaml');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('SUCCESS');
  });

  it.skipIf(!hasPromtool)('every alert fires for a stage in trouble, and none for a healthy one', () => {
    const { status, stdout, stderr } = promtool('test', 'rules', 'conf/prometheus/alerts.test.yaml');
    expect([status, stderr, stdout]).toEqual([0, '', expect.stringContaining('SUCCESS')]);
    const names = [...text('prometheus/alerts.yaml').matchAll(/alert: (\w+)/g)].map((m) => m[1]!);
    expect(names.filter((name) => !text('prometheus/alerts.test.yaml').includes(`"${name}"`))).toEqual([]);
  });

  it('the dashboard is one that Grafana can load: panels apart from each other, each with its questions', () => {
    const board = JSON.parse(text('grafana/fluent-detect.json'));
    expect(board).toMatchObject({ title: 'fluent-detect', uid: 'fluent-detect' });
    const cells = new Set<string>();
    for (const { gridPos, targets, title, id } of board.panels) {
      expect([title, targets.length > 0, gridPos.x + gridPos.w <= 24]).toEqual([title, true, true]);
      expect(targets.every((t: { expr: string }) => t.expr.includes('$instance'))).toBe(true);
      for (let x = 0; x < gridPos.w; x += 1)
        for (let y = 0; y < gridPos.h; y += 1) {
          const cell = `${gridPos.x + x} ${gridPos.y + y}`;
          expect([id, cells.has(cell)]).toEqual([id, false]);
          cells.add(cell);
        }
    }
  });
});
