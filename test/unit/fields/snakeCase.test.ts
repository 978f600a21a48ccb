// The spelling of keys, by the one rule of Elastic's azure integration.
import { describe, expect, it } from 'vitest';
import { snakeCase } from '../../../src/fields/snakeCase.js';

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
