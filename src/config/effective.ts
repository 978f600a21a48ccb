// The config as it is in force, in the file's own keys: what the flags say, over what the file says, over the defaults;
// with where each value came from, and every secret masked.
import { Document, isMap, isScalar, isSeq, type Node, visit } from 'yaml';
import type { ConfigFile, ConfigTree, TreePath } from './file.js';
import type { Flags } from './load.js';

const MASK = '***';
const secretKeys = new Set(['password', 'shared_key', 'token', 'authorization', 'private_key_passphrase']);

type Table = Readonly<Record<string, unknown>>;

/**
 * @param file the config's own file, or an empty one.
 * @param defaults the tree of a config that has every option at its default.
 */
export function effectiveConfig(file: ConfigFile, flags: Flags, defaults: ConfigTree): Document {
  const given = withFlags(file.tree, flags);
  const document = new Document(masked(filled(given, defaults)));
  visit(document, {
    Pair: (_key, pair, path) => {
      const steps = pathOf([...path, pair]);
      const source = sourceOf(steps, given, flags, file);
      const node = pair.value as Node | null;
      // A block says it at its leaves; a list on one line says it itself.
      const isLeaf = isScalar(node) || (isSeq(node) && !node.items.some((i) => isMap(i)));
      if (node && isLeaf) {
        if (isSeq(node)) node.flow = true;
        node.comment = ` ${source}`;
      }
    },
  });
  return document;
}

function withFlags(tree: ConfigTree, flags: Flags): Table {
  const part = (key: string): Table => (tree[key] as Table | undefined) ?? {};
  const logged = {
    ...(flags.logLevel === undefined ? {} : { level: flags.logLevel }),
    ...(flags.logFormat === undefined ? {} : { format: flags.logFormat }),
  };
  const to = flags.out?.length === 1 ? flags.out[0] : flags.out;
  return {
    ...tree,
    ...(flags.in ? { inputs: flags.in.map((listen) => ({ listen })) } : {}),
    ...(flags.out ? { output: { to } } : {}),
    ...(flags.alerts ? { alerts: { ...part('alerts'), sinks: flags.alerts } } : {}),
    ...(flags.rules ? { rules: { ...part('rules'), paths: flags.rules } } : {}),
    ...(flags.admin === undefined ? {} : { admin: { ...part('admin'), listen: flags.admin } }),
    ...(Object.keys(logged).length > 0 ? { log: { ...part('log'), ...logged } } : {}),
  };
}

/** The defaults under what is given: of each section, of each input, of the output. */
function filled(given: Table, defaults: ConfigTree): Table {
  const { inputs, output, ...sections } = defaults as { inputs: Table[]; output: Table } & Table;
  const own = (given['inputs'] as Table[] | undefined) ?? [{ listen: inputs[0]!['listen'] }];
  const { to: _example, ...outputDefaults } = output;
  const isForward = (o: Table): boolean =>
    o['servers'] !== undefined || [o['to']].flat().some((to) => String(to).startsWith('forward:'));
  const ownOutput = given['output'] as Table | undefined;
  const result: Record<string, unknown> = {
    inputs: own.map((input) => ({ ...inputs[0], ...input })),
    ...(ownOutput ? { output: isForward(ownOutput) ? { ...outputDefaults, ...ownOutput } : ownOutput } : {}),
  };
  for (const [key, value] of Object.entries(sections)) {
    const mine = given[key];
    result[key] = isTable(value) && isTable(mine) ? { ...value, ...mine } : (mine ?? value);
  }
  for (const [key, value] of Object.entries(given)) result[key] ??= value;
  return result;
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function masked(value: unknown, key = '', form: unknown = undefined): unknown {
  if (secretKeys.has(key)) return MASK;
  if (typeof value === 'string') return maskedUrl(value, form === 'slack');
  if (Array.isArray(value)) return value.map((v) => masked(v, key));
  if (!isTable(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, key === 'headers' ? MASK : masked(v, k, value['form'])]),
  );
}

/** User, password and query can be secrets; of a Slack webhook the path is one. */
function maskedUrl(text: string, isPathSecret: boolean): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return text;
  const url = new URL(text);
  const user = url.username !== '' || url.password !== '' ? `${MASK}@` : '';
  const query = url.search === '' ? '' : `?${MASK}`;
  return `${url.protocol}//${user}${url.host}${isPathSecret ? `/${MASK}` : url.pathname}${query}`;
}

function pathOf(nodes: readonly unknown[]): (string | number)[] {
  const steps: (string | number)[] = [];
  nodes.forEach((node, i) => {
    const next = nodes[i + 1];
    if (isSeq(node)) steps.push(node.items.indexOf(next as Node));
    const key = (node as { key?: { value?: unknown } }).key;
    if (key !== undefined && !isMap(node)) steps.push(String(key.value));
  });
  return steps;
}

function sourceOf(path: TreePath, given: Table, flags: Flags, file: ConfigFile): string {
  const [section, key] = path;
  const flag = (
    [
      ['--in', flags.in, section === 'inputs' && path[2] === 'listen'],
      ['--out', flags.out, section === 'output' && key === 'to'],
      ['--alerts', flags.alerts, section === 'alerts' && key === 'sinks'],
      ['--rules', flags.rules, section === 'rules' && key === 'paths'],
      ['--admin', flags.admin, section === 'admin' && key === 'listen'],
      ['--log-level', flags.logLevel, section === 'log' && key === 'level'],
      ['--log-format', flags.logFormat, section === 'log' && key === 'format'],
    ] as const
  ).find(([, value, isHere]) => value !== undefined && isHere);
  if (flag) return flag[0];
  let at: unknown = given;
  for (const step of path) at = (at as Record<string | number, unknown> | undefined)?.[step];
  if (at === undefined) return 'default';
  const { where, line } = file.error(path, '');
  return `${where}:${line}`;
}
