// `fluent-detect completion SHELL`: a script that completes commands, options and their values; made from the program's
// own commands, so it never lags behind them.
import { type CommandText, isPath, type OptionText } from './commandTree.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export function completion(shell: Shell, commands: readonly CommandText[]): string {
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      return zsh(commands);
    case 'fish':
      return fish(commands);
  }
}

const names = (options: readonly OptionText[]): string[] => options.flatMap((o) => o.names);
const takesPath = (c: CommandText): boolean => c.arguments.some((a) => isPath(a.name));
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** Walks the words before the cursor down to a command; the same in bash and zsh. */
function walk(commands: readonly CommandText[]): string {
  const steps = commands.filter((c) => c.path !== '').map((c) => quoted(c.path));
  return `case "\${at:+$at }$word" in ${steps.join('|')}) at="\${at:+$at }$word" ;; esac`;
}

function bash(commands: readonly CommandText[]): string {
  const values = commands.flatMap((c) =>
    c.options
      .filter((o) => o.value !== null)
      .map((o) => {
        const pattern = o.names.map((n) => quoted(`${c.path} ${n}`)).join('|');
        if (o.choices.length > 0)
          return `    ${pattern}) _fluent_detect_words ${quoted(o.choices.join(' '))}; return ;;`;
        return isPath(o.value!)
          ? `    ${pattern}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;`
          : `    ${pattern}) return ;;`;
      }),
  );
  const words = commands.map((c) => {
    const files = takesPath(c)
      ? ' [[ $cur == -* ]] || { compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return; };'
      : '';
    return `    ${quoted(c.path)})${files} _fluent_detect_words ${quoted([...c.commands, ...names(c.options)].join(' '))} ;;`;
  });
  return `# bash completion of fluent-detect: fluent-detect completion bash > /etc/bash_completion.d/fluent-detect
_fluent_detect_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}
_fluent_detect() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    ${walk(commands)}
  done
  COMPREPLY=()
  case "$at $prev" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
}
complete -F _fluent_detect fluent-detect
`;
}

function zsh(commands: readonly CommandText[]): string {
  const pair = (name: string, description: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${description}`);
  const values = commands.flatMap((c) =>
    c.options
      .filter((o) => o.value !== null)
      .map((o) => {
        const pattern = o.names.map((n) => quoted(`${c.path} ${n}`)).join('|');
        if (o.choices.length > 0)
          return `    ${pattern}) compadd -- ${o.choices.map(quoted).join(' ')}; return ;;`;
        return `    ${pattern}) ${isPath(o.value!) ? '_files' : `_message ${quoted(o.description)}`}; return ;;`;
      }),
  );
  const descriptionOf = (path: string): string => commands.find((c) => c.path === path)?.description ?? '';
  const words = commands.map((c) => {
    const below = c.commands.map((name) =>
      pair(name, descriptionOf(c.path === '' ? name : `${c.path} ${name}`)),
    );
    const options = c.options.flatMap((o) => o.names.map((n) => pair(n, o.description)));
    return `    ${quoted(c.path)}) choices=(${[...below, ...options].join(' ')})${takesPath(c) ? '; [[ $PREFIX == -* ]] || { _files; return }' : ''} ;;`;
  });
  return `#compdef fluent-detect
# zsh completion of fluent-detect: fluent-detect completion zsh > "\${fpath[1]}/_fluent-detect"
_fluent_detect() {
  local at='' word prev=\${words[CURRENT-1]}
  local -a choices
  for word in \${words[2,CURRENT-1]}; do
    ${walk(commands)}
  done
  case "$at $prev" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  _describe 'fluent-detect' choices
}
if [[ \${funcstack[1]} == _fluent-detect ]]; then _fluent_detect "$@"; else compdef _fluent_detect fluent-detect; fi
`;
}

function fish(commands: readonly CommandText[]): string {
  const lines = commands.flatMap((c) => {
    const own = c.path.split(' ').filter(Boolean);
    const seen = own.map((word) => `__fish_seen_subcommand_from ${word}`);
    const below = c.commands.length > 0 ? [`not __fish_seen_subcommand_from ${c.commands.join(' ')}`] : [];
    const when = [...seen, ...below].join('; and ');
    const head = `complete -c fluent-detect -n ${quoted(when === '' ? 'true' : when)}`;
    return [
      ...c.commands.map((name) => {
        const path = c.path === '' ? name : `${c.path} ${name}`;
        return `${head} -f -a ${name} -d ${quoted(commands.find((o) => o.path === path)?.description ?? '')}`;
      }),
      ...c.options.map((o) => {
        const long = o.names.filter((n) => n.startsWith('--')).map((n) => `-l ${n.slice(2)}`);
        const short = o.names.filter((n) => /^-[^-]/.test(n)).map((n) => `-s ${n.slice(1)}`);
        const value = o.value === null ? [] : [isPath(o.value) && o.choices.length === 0 ? '-r -F' : '-x'];
        const choices = o.choices.length > 0 ? [`-a ${quoted(o.choices.join(' '))}`] : [];
        return [head, ...short, ...long, ...value, ...choices, `-d ${quoted(o.description)}`].join(' ');
      }),
    ];
  });
  return `# fish completion of fluent-detect: fluent-detect completion fish > ~/.config/fish/completions/fluent-detect.fish
${lines.join('\n')}
`;
}
