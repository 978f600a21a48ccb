// A folder of rule files that a test writes, gone after each test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

export interface RuleFolder {
  readonly path: string;
  put(name: string, text: string): void;
}

/** To be called where `beforeEach` may be. */
export function ruleFolder(): RuleFolder {
  let path = '';
  beforeEach(() => {
    path = mkdtempSync(join(tmpdir(), 'fluent-detect-rules-'));
  });
  afterEach(() => rmSync(path, { recursive: true }));
  return {
    get path() {
      return path;
    },
    put: (name, text) => writeFileSync(join(path, name), text),
  };
}

/** A rule file with one rule, as JSON. */
export function jsonRule(id: string, query = 'f: x'): string {
  return JSON.stringify({
    rule_id: id,
    name: id,
    description: 'd',
    risk_score: 1,
    severity: 'low',
    type: 'query',
    query,
  });
}
