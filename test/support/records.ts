// Records for tests: one that the seed rule matches, one that it does not.
import { BROKER } from './makeRule.js';
import type { Plain } from './wire.js';

export const match = (id: string): Plain => ({
  event: { dataset: 'azure.signinlogs', outcome: 'success', id },
  azure: {
    signinlogs: {
      properties: {
        authentication_protocol: 'deviceCode',
        conditional_access_audiences: [{ application_id: BROKER }],
      },
    },
  },
});

export const plain = (n: number): Plain => ({
  n,
  event: { dataset: 'azure.signinlogs', outcome: 'failure' },
});
