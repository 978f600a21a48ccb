// `npm run profile`: the stage under the benchmark's load with Node's profiler, one `.cpuprofile` (Chrome's DevTools,
// VS Code and speedscope show it as a flame graph), and its heaviest functions on stdout. Options as for the bench.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const folder = resolve('profile');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const bench = join(dirname(fileURLToPath(import.meta.url)), 'main.js');
const given = process.argv.slice(2);
const options = given.length > 0 ? given : ['--rules', '1', '--repeat', '3'];
const { status } = spawnSync(
  process.execPath,
  [bench, '--only', 'fluent-detect', '--no-latency', ...options],
  {
    stdio: 'inherit',
    env: { ...process.env, BENCH_NODE_FLAGS: `--cpu-prof --cpu-prof-dir=${folder}` },
  },
);
if (status !== 0) process.exit(status ?? 1);
for (const name of readdirSync(folder)) print(join(folder, name));

function print(file: string): void {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const names = new Map(
    nodes.map(({ id, callFrame: f }) => [
      id,
      `${f.functionName || '(anonymous)'} ${f.url.split('/').slice(-2).join('/')}:${f.lineNumber + 1}`,
    ]),
  );
  const spent = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = names.get(id)!;
    if (!name.startsWith('(idle)')) spent.set(name, (spent.get(name) ?? 0) + timeDeltas[i]!);
  });
  const total = [...spent.values()].reduce((sum, t) => sum + t, 0);
  const heaviest = [...spent].sort((a, b) => b[1] - a[1]).slice(0, 15);
  process.stdout.write(`\n${file}\n`);
  for (const [name, time] of heaviest)
    process.stdout.write(`${((time / total) * 100).toFixed(1).padStart(5)} %  ${name}\n`);
}
