// The three test projects: unit (mirrors src), interop (real Fluentd, clients, browser), e2e (the built program).
import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, fileParallelism = true) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout,
    hookTimeout: testTimeout,
    fileParallelism,
  },
});

export default defineConfig({
  test: {
    projects: [project('unit', 20_000), project('interop', 120_000, false), project('e2e', 60_000, false)],
    maxWorkers: 2,
  },
});
