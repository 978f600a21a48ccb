// `fluent-detect man`: the man page, in man(7) macros, made from the program's own commands.
import type { CommandText } from './commandTree.js';

/** When the words of this page were last changed; a build's own day would make no two builds the same. */
const CHANGED = '2026-11-24';

export function manPage(commands: readonly CommandText[], version: string): string {
  const [whole, ...others] = commands;
  const shown = others.filter((c) => c.commands.length === 0);
  return [
    `.TH FLUENT\\-DETECT 1 "${CHANGED}" "fluent\\-detect ${escaped(version)}" "User Commands"`,
    '.SH NAME',
    `fluent\\-detect \\- ${text(whole!.description)}`,
    '.SH SYNOPSIS',
    ...shown.flatMap((c, i) => [
      ...(i > 0 ? ['.br'] : []),
      `.B fluent\\-detect ${text(c.path)}`,
      ...synopsis(c),
    ]),
    '.SH DESCRIPTION',
    text(
      "fluent-detect is a stage for Fluentd and Fluent Bit pipelines. Events come in over the Fluent Forward protocol and every one of them goes on; events that match a detection rule in Elastic's format are tagged, and a tagged copy goes to the alert sinks.",
    ),
    '.SH COMMANDS',
    ...shown.flatMap((c) => [
      `.SS ${text(c.path)}`,
      `${text(sentence(c.description))}`,
      ...c.arguments.flatMap((a) => term(`\\fI${text(a.name)}\\fR`, a.description)),
      ...c.options
        .filter((o) => !o.names.includes('--help'))
        .flatMap((o) =>
          term(
            `\\fB${text(o.names.join(', '))}\\fR${o.value === null ? '' : ` \\fI${text(o.value)}\\fR`}`,
            o.description,
          ),
        ),
    ]),
    '.SH EXIT STATUS',
    ...term('0', 'Done.'),
    ...term('1', 'It ran and found a problem: a check or test that fails, an event lost.'),
    ...term('2', 'It could not run: usage, config, rules that do not load, a port taken.'),
    '.SH SIGNALS',
    ...term(
      'SIGTERM, SIGINT',
      'Stops accepting, finishes what was accepted, exits. A second one ends at once.',
    ),
    ...term('SIGHUP', 'Loads the rules again: the whole set, or none of it.'),
    '.SH ENVIRONMENT',
    ...term('FLUENT_DETECT_ADMIN_TOKEN', "The token of a stage's admin server, for top and tap."),
    ...term('NO_COLOR', 'No colours.'),
    '.SH FILES',
    ...term('fluent-detect.yaml', 'The config, in the working directory, when --config names no other.'),
    '.SH SEE ALSO',
    '.BR fluentd (1),',
    '.BR fluent\\-bit (1)',
    '',
  ].join('\n');
}

function synopsis(c: CommandText): string[] {
  const parts = [
    ...(c.options.some((o) => !o.names.includes('--help')) ? ['[options]'] : []),
    ...c.arguments.map((a) => a.name),
  ];
  return parts.length > 0 ? [`.I ${text(parts.join(' '))}`] : [];
}

function term(head: string, body: string): string[] {
  return ['.TP', head.startsWith('\\f') ? head : `.B ${text(head)}`, text(sentence(body))];
}

function sentence(words: string): string {
  const first = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?)]$/.test(first) ? first : `${first}.`;
}

/** A line of text: no request at its start, no escape by chance. */
function text(words: string): string {
  return escaped(words.replace(/\s+/g, ' ')).replace(/^([.'])/, '\\&$1');
}

function escaped(words: string): string {
  return words.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}
