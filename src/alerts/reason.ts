// The reason of an alert in one sentence, in the order in which Elastic's detection engine puts its pieces.
import type { Match } from '../detect/match.js';

export function reasonOf(match: Match): string {
  const text = (field: string): string => {
    const joined = match.view.values(field).join(', ');
    return joined === '-' ? '' : joined;
  };
  const endpoint = (side: string): string => {
    const ip = text(`${side}.ip`);
    const port = text(`${side}.port`);
    return ip === '' || port === '' ? ip : `${ip}:${port}`;
  };
  const details = [
    ['process', text('process.name')],
    ['parent process', text('process.parent.name')],
    ['file', text('file.name')],
    ['source', endpoint('source')],
    ['destination', endpoint('destination')],
  ].filter(([, value]) => value !== '');
  const user = text('user.name');
  const host = text('host.name');
  const pieces = [
    `${text('event.category')} event`.trimStart(),
    details.length > 0 ? 'with' : '',
    ...details.map(([what, value]) => `${what} ${value},`),
    user === '' ? '' : `by ${user}`,
    host === '' ? '' : `on ${host}`,
    `created ${match.severity} alert ${match.name}.`,
  ];
  return pieces.filter((p) => p !== '').join(' ');
}
