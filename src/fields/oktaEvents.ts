// Which ECS categories and types an event type of Okta's has, as Elastic's okta integration sorts them.
import type { RawValue } from './mapping.js';

type Groups = readonly (readonly RawValue[])[];

const lifecycle =
  /^(user|policy|application|group)\.(?:rule|lifecycle|user_membership|session|authentication)\./;
const changes = new Set(['activate', 'deactivate', 'suspend', 'unsuspend', 'update', 'add', 'remove']);
const limits = /^(system\.org\.rate_limit|core\.concurrency\.org\.limit)\./;

export function categoryOfEvent(groups: Groups): RawValue[] {
  const name = groups.flat()[0]?.text ?? '';
  const found: string[] = [];
  if (/^(group\.user_membership|user\.lifecycle)\./.test(name)) found.push('iam');
  if (/^(policy|application)\.(lifecycle|rule)\./.test(name)) found.push('configuration');
  if (/^user\.session\.(start|end)$|^user\.authentication\.sso$|^policy\.evaluate_sign_on$/.test(name))
    found.push('authentication');
  if (/^user\.session\.(start|end)$/.test(name)) found.push('session');
  return texts(found);
}

export function typeOfEvent(groups: Groups): RawValue[] {
  const name = groups.flat()[0]?.text ?? '';
  const verb = name.slice(name.lastIndexOf('.') + 1);
  const found: string[] = [];
  if (limits.test(name) || name === 'policy.evaluate_sign_on') found.push('info');
  if (limits.test(name) || name === 'security.request.blocked') found.push('network');
  const kind = lifecycle.exec(name)?.[1];
  if (/^user\.session\.(start|end)$/.test(name)) found.push(verb);
  if (name.startsWith('group.user_membership.')) found.push('group');
  if (kind === 'user' || name.startsWith('application.user_membership.')) found.push('user');
  if (kind !== undefined && (changes.has(verb) || verb === 'change_username')) found.push('change');
  if (kind !== undefined && verb === 'create') found.push('creation');
  if (kind !== undefined && verb === 'delete') found.push('deletion');
  return texts(found);
}

function texts(values: readonly string[]): RawValue[] {
  return values.map((text) => ({ kind: 'string', text }));
}
