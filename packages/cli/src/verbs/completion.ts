import type { Command, Option } from 'commander'
import { CliError } from '../exit-codes.js'
import type { Verb } from '../program.js'

interface CompletionTree {
  readonly verbs: readonly { readonly name: string; readonly summary: string; readonly options: readonly string[] }[]
  readonly common: readonly string[]
  /** What may follow an option that takes one of a few names. */
  readonly choices: ReadonlyMap<string, readonly string[]>
}

/** `completion bash|zsh|fish`: a script made from the verbs and options there are. */
export function completion(program: Command): Verb<unknown> {
  return async (runtime, [shell = '']) => {
    const script = completionScript(shell, treeOf(program))
    runtime.output.document({ shell, script })
    runtime.output.result(script)
    return 0
  }
}

function treeOf(program: Command): CompletionTree {
  const flags = (options: readonly Option[]): string[] =>
    options.flatMap((option) => [option.long, option.short].filter((flag) => flag !== undefined))
  const all = [...program.options, ...program.commands.flatMap(({ options }) => options)]
  return {
    choices: new Map(all.flatMap(({ long, argChoices }) => (long && argChoices ? [[long, argChoices]] : []))),
    common: [...flags(program.options), '--help'],
    verbs: program.commands.map((command) => ({
      name: command.name(),
      summary: command.description().replaceAll("'", ''),
      options: flags(command.options),
    })),
  }
}

/** The script for one shell. @throws CliError USAGE for a shell that is not known */
export function completionScript(shell: string, tree: CompletionTree): string {
  if (shell === 'bash') return bashScript(tree)
  if (shell === 'zsh') return zshScript(tree)
  if (shell === 'fish') return fishScript(tree)
  throw new CliError('USAGE', `There is no completion for "${shell}": bash, zsh and fish are known`)
}

function bashScript({ verbs, common, choices }: CompletionTree): string {
  const values = [...choices].map(([flag, names]) => `    ${flag}) words="${names.join(' ')}" ;;`)
  const cases = verbs.map(({ name, options }) => `    ${name}) words="${[...options, ...common].join(' ')}" ;;`)
  return `_bitloom() {
  local current="\${COMP_WORDS[COMP_CWORD]}" verb="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) verb="$word"; break ;; esac
  done
  case "$verb" in
    "") words="${[...verbs.map(({ name }) => name), ...common].join(' ')}" ;;
${cases.join('\n')}
    *) words="${[...(verbs[0]?.options ?? []), ...common].join(' ')}" ;;
  esac
  COMPREPLY=()
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
    *) false ;;
  esac && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") && return
  if [[ "$current" == -* || -z "$verb" ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
  if [[ \${#COMPREPLY[@]} -eq 0 ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _bitloom bitloom`
}

function zshScript({ verbs, common, choices }: CompletionTree): string {
  const values = [...choices].map(([flag, given]) => `    ${flag}) compadd -- ${given.join(' ')}; return ;;`)
  const names = verbs.map(({ name, summary }) => `    '${name}:${summary.replaceAll(':', '\\:')}'`)
  const cases = verbs.map(({ name, options }) => `    ${name}) flags=(${options.join(' ')}) ;;`)
  return `#compdef bitloom
_bitloom() {
  local -a verbs flags common
  verbs=(
${names.join('\n')}
  )
  common=(${common.join(' ')})
  case "$words[CURRENT-1]" in
${values.join('\n')}
  esac
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    compadd -- $common
    _files
    return
  fi
  case "$words[2]" in
${cases.join('\n')}
    *) flags=(${(verbs[0]?.options ?? []).join(' ')}) ;;
  esac
  compadd -- $flags $common
  _files
}
compdef _bitloom bitloom`
}

function fishScript({ verbs, common, choices }: CompletionTree): string {
  const valuesOf = (option: string): string => {
    const values = choices.get(option)
    return values === undefined ? '' : ` -x -a '${values.join(' ')}'`
  }
  const names = verbs.map(({ name }) => name).join(' ')
  const flag = (option: string): string => (option.startsWith('--') ? `-l ${option.slice(2)}` : `-s ${option.slice(1)}`)
  return [
    ...common.map((option) => `complete -c bitloom ${flag(option)}${valuesOf(option)}`),
    ...verbs.flatMap(({ name, summary, options }) => [
      `complete -c bitloom -n 'not __fish_seen_subcommand_from ${names}' -a ${name} -d '${summary}'`,
      ...options.map(
        (option) => `complete -c bitloom -n '__fish_seen_subcommand_from ${name}' ${flag(option)}${valuesOf(option)}`,
      ),
    ]),
  ].join('\n')
}
