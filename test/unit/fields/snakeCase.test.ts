// The spelling of keys, by the one rule of Elastic's azure integration.
import { describe, expect, it } from 'vitest';
import { SnakeNames, snakeCase, snakeNames } from '../../../src/fields/snakeCase.js';

describe('the snake_case of a key', () => {
  it.each([
    ['puts _ between words of camelCase', 'authenticationProtocol', 'authentication_protocol'],
    [
      'puts _ at every boundary, not only the first',
      'appliedConditionalAccessPolicies',
      'applied_conditional_access_policies',
    ],
    ['has no _ before a leading capital', 'ConditionalAccessAudiences', 'conditional_access_audiences'],
    ['keeps a run of capitals together', 'userID', 'user_id'],
    ['does not end a run of capitals at the last of them', 'sourceIPAddress', 'source_ipaddress'],
    ['sees no boundary after a digit', 'sha256Hash', 'sha256hash'],
    ['keeps an underscore that is there', 'riskEventTypes_v2', 'risk_event_types_v2'],
    ['adds none to one that is there', 'risk_Level', 'risk_level'],
    ['sees no boundary between capitals', 'ADFSSignInLogs', 'adfssign_in_logs'],
    ['leaves a snake_case key as it is', 'app_id', 'app_id'],
    ['keeps blanks and signs', 'Is CAE Token (v1.2)', 'is cae token (v1.2)'],
    ['of nothing is nothing', '', ''],
  ])('%s: %s', (_, key, snake) => expect(snakeCase(key)).toBe(snake));
});

describe('the names that are remembered', () => {
  const key = (n: number): string => `someKey${n}`;

  it('are 4,096 at most', () => {
    let most = 0;
    for (let n = 0; n < 5000; n += 1) {
      snakeCase(key(n));
      most = Math.max(most, snakeNames.size);
    }
    expect(most).toBe(4096);
  });

  it('are kept at the bound, and forgotten one past it', () => {
    const names = new SnakeNames({ max: 3, maxLength: 128 });
    for (const n of [0, 1, 2, 0, 2]) names.of(key(n));
    expect(names.size).toBe(3);
    expect(names.of(key(3))).toBe('some_key3');
    expect(names.size).toBe(1);
    expect([0, 1, 2, 3].map((n) => names.of(key(n)))).toEqual([0, 1, 2, 3].map((n) => `some_key${n}`));
  });

  it('are those of keys up to maxLength, not of one character more', () => {
    const names = new SnakeNames({ max: 10, maxLength: 5 });
    expect([names.of('aBcdE'), names.size]).toEqual(['a_bcd_e', 1]);
    expect([names.of('aBcdEf'), names.size]).toEqual(['a_bcd_ef', 1]);
  });
});
