// The test projects: unit (mirrors src), interop (real Fluentd, clients, browser), e2e (the built program), chaos (kills,
// cuts and jumps; `npm run chaos` goes on for longer).
import { defineConfig } from 'vitest/config';

/** Of those with real processes on a shared machine, CI tries a test that failed once more, and names it as retried. */
const retry = process.env['CI'] ? 1 : 0;

const project = (name: string, testTimeout: number, ofProcesses = true) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    fileParallelism: !ofProcesses,
    retry: ofProcesses ? retry : 0,
  },
});

const chaosTimeout = process.env['CHAOS'] === 'long' ? 1_200_000 : 120_000;

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000, false),
      project('interop', 120_000),
      project('e2e', 60_000),
      project('chaos', chaosTimeout),
    ],
    maxWorkers: 2,
  },
});
