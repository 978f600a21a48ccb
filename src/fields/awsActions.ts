// Which ECS category and type an action of AWS has: sign-ins, and what is done to users, groups and roles. Everything
// else is `info`, as Elastic's aws integration has it.
import type { RawValue } from './mapping.js';

type Groups = readonly (readonly RawValue[])[];

const logins = new Set(['ConsoleLogin', 'AssumeRole']);
const buckets: Readonly<Record<string, string>> = { CreateBucket: 'creation', DeleteBucket: 'deletion' };

/** The verb of an IAM action, what it is about, and the rest of its name. */
const iamAction =
  /^([A-Z][a-z]+)(?:From|To)?(?:SSH|Virtual)?(User|Group|Role|AccessKey|MFADevice|LoginProfile)/;

export function categoryOfAction([action = [], provider = []]: Groups): RawValue[] {
  const name = action[0]?.text ?? '';
  if (logins.has(name)) return texts('authentication');
  if (Object.hasOwn(buckets, name)) return texts('file');
  return provider[0]?.text === 'iam.amazonaws.com' ? texts('iam') : [];
}

export function typeOfAction([action = [], provider = []]: Groups): RawValue[] {
  const name = action[0]?.text ?? '';
  if (Object.hasOwn(buckets, name)) return texts(buckets[name]!);
  const m = provider[0]?.text === 'iam.amazonaws.com' ? iamAction.exec(name) : null;
  if (!m) return texts('info');
  const [whole, verb = '', what = ''] = m;
  const isUser = what !== 'Group' && what !== 'Role';
  const kind = isUser ? 'user' : what === 'Group' ? 'group' : 'admin';
  if (verb === 'Get' || verb === 'List') return texts(kind, 'info');
  // Of a user or a group itself; of its keys, devices and policies it is a change.
  const isWhole = whole === name && (what === 'User' || what === 'Group');
  if (isWhole && verb === 'Create') return texts(kind, 'creation');
  return isWhole && verb === 'Delete' ? texts(kind, 'deletion') : texts(kind, 'change');
}

function texts(...values: string[]): RawValue[] {
  return values.map((text) => ({ kind: 'string', text }));
}
