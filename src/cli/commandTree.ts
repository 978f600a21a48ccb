// The program's commands as plain descriptions, read from commander: what completion and the man page are made from.
import type { Command } from 'commander';

export interface OptionText {
  /** `--config`, and a short form if there is one. */
  readonly names: readonly string[];
  /** `<file>`; null: the option takes no value. */
  readonly value: string | null;
  readonly description: string;
  readonly choices: readonly string[];
}

export interface CommandText {
  /** Without the program's name: `rules check`; '' for the program itself. */
  readonly path: string;
  readonly description: string;
  /** As the help writes them: `[path...]`. */
  readonly arguments: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionText[];
  /** The names of its own commands. */
  readonly commands: readonly string[];
}

/** The command and all below it, each before its own. */
export function commandTree(command: Command, path = ''): CommandText[] {
  const help = command.createHelp();
  const own = help.visibleCommands(command).filter((c) => c.name() !== 'help');
  return [
    {
      path,
      description: command.description(),
      arguments: command.registeredArguments.map((a) => ({
        name: help.argumentTerm(a) === a.name() ? argumentText(a) : help.argumentTerm(a),
        description: a.description,
      })),
      options: help.visibleOptions(command).map((option) => ({
        names: [option.short, option.long].filter((n) => n !== undefined),
        value: /[<[].*$/.exec(option.flags)?.[0] ?? null,
        description: help.optionDescription(option),
        choices: option.argChoices ?? [],
      })),
      commands: own.map((c) => c.name()),
    },
    ...own.flatMap((c) => commandTree(c, path === '' ? c.name() : `${path} ${c.name()}`)),
  ];
}

function argumentText(a: { name(): string; readonly required: boolean; readonly variadic: boolean }): string {
  const name = a.variadic ? `${a.name()}...` : a.name();
  return a.required ? `<${name}>` : `[${name}]`;
}

/** Whether a value is a path that the shell can complete. */
export function isPath(value: string): boolean {
  return /file|path|capture|event/.test(value);
}
