import { Argument, type Command, type Option } from 'commander';
import type { RunCommand } from './ask';
import type { Io } from './io';
import type { Recorded } from './recorded';

/**
 * `roma-history complete bash|zsh|fish` prints a script to source. The script asks `roma-history __complete -- <words>`
 * what may take the place of the last word: one suggestion per line, followed by a tab and its description, or `:files`.
 */
export function completion(program: Command, io: Io, run: RunCommand): void {
  program
    .command('complete')
    .description('print a script that completes commands and options in the shell')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => io.out(SCRIPTS[shell]));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const inHistory = async () => (await import('./recorded')).recorded(io, run, words);
      for (const line of await suggestions(program, words, inHistory))
        if (line === FILES || line.startsWith(words.at(-1) ?? '')) io.out(line);
    });
}

const FILES = ':files';

/** What may take the place of the last word, whatever it begins with. */
async function suggestions(
  program: Command,
  words: readonly string[],
  inHistory: () => Promise<Recorded>,
): Promise<readonly string[]> {
  const typed = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  let command = program;
  for (const word of before) command = command.commands.find((one) => one.name() === word) ?? command;
  const help = command.createHelp();
  const options = help.visibleOptions(command);
  const named = (word: string): Option | undefined =>
    options.find(({ short, long }) => word === short || word === long);

  const recordedAs = async (name: string): Promise<readonly string[]> =>
    name === 'instance' || name === 'target' || name === 'status' ? (await inHistory())[name] : [];
  const valuesOf = async (option: Option | undefined): Promise<readonly string[]> =>
    option?.argChoices ??
    (/[<[](file|dir)[\]>]/.test(option?.flags ?? '') ? [FILES] : recordedAs(option?.attributeName() ?? ''));

  const [flag = '', ...value] = typed.split('=');
  if (value.length > 0) return (await valuesOf(named(flag))).map((one) => (one === FILES ? one : `${flag}=${one}`));
  const previous = named(before.at(-1) ?? '');
  if (previous?.required === true || (previous?.optional === true && !typed.startsWith('-'))) return valuesOf(previous);
  if (typed.startsWith('-')) return options.map(({ long, description }) => `${long}\t${description}`);
  const commands = help.visibleCommands(command).map((one) => `${one.name()}\t${one.description()}`);
  const choices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const known = await recordedAs(command.registeredArguments[0]?.name() ?? '');
  const instances = known.some((one) => before.includes(one)) ? [] : known;
  return [...commands, ...choices, ...instances];
}

const SCRIPTS = {
  // It uses only what bash 3.2 has, because macOS ships that, and nothing of the package bash-completion.
  bash: `_roma_history() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() typed suggestion
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  typed=\${words[\${#words[@]}-1]}
  COMPREPLY=()
  compopt +o default 2>/dev/null
  while IFS=$'\\t' read -r suggestion _; do
    if [[ $suggestion == ${FILES} ]]; then compopt -o default 2>/dev/null; return; fi
    # Bash treats the text after "=" as a separate word.
    [[ $typed == *=* ]] && suggestion=\${suggestion#*=}
    COMPREPLY+=("$suggestion")
  done < <(roma-history __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _roma_history roma-history`,
  zsh: `_roma_history() {
  local line
  local -a suggestions
  for line in "\${(@f)$(roma-history __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ${FILES} ]]; then
      compset -P '*='
      _files
      return
    fi
    [[ -n $line ]] && suggestions+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done
  _describe roma-history suggestions
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
compdef _roma_history roma-history`,
  fish: `function __roma_history
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l suggestions (roma-history __complete -- $words[2..-1] "$typed" 2>/dev/null)
    if test "$suggestions" = ${FILES}
        set -l flag (string match -r '^--[^=]*=' -- "$typed")
        set -l path (string replace -r -- '^--[^=]*=' '' "$typed")
        string replace -r -- '^' "$flag" (__fish_complete_path "$path")
    else
        printf '%s\\n' $suggestions
    end
end
complete -c roma-history -e
complete -c roma-history -f -a '(__roma_history)'`,
} as const;
