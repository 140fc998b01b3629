/**
 * What every git process of ours gets, whatever the repository's own configuration says. A repository is foreign
 * input: its configuration may name programs to run (hooks, file system monitors, external diffs, ssh commands).
 */
export const HARDENED_FLAGS: readonly string[] = [
  '--no-pager',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'diff.external=',
  '-c',
  'core.sshCommand=ssh',
  '-c',
  'core.askPass=',
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'submodule.recurse=false',
  '-c',
  'core.quotePath=false',
  '-c',
  'core.bigFileThreshold=4m',
  '-c',
  'gc.auto=0',
  '-c',
  'color.ui=false',
]

/** Options of every command that prints a diff: no program of the repository's choice takes part. */
export const SAFE_DIFF_OPTIONS: readonly string[] = [
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--ignore-submodules=dirty',
  '--find-renames',
  '--submodule=short',
  '--src-prefix=a/',
  '--dst-prefix=b/',
]

const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'SSH_AUTH_SOCK', 'XDG_CONFIG_HOME'] as const

/** A minimal environment: what git needs of the user's, nothing that names a program, a token or a directory. */
export function hardenedEnvironment(
  source: Record<string, string | undefined>,
  allowProtocols = 'https:ssh',
): Record<string, string> {
  const environment: Record<string, string> = {
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: allowProtocols,
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_PAGER: 'cat',
  }
  for (const name of PASSED_ON) {
    const value = source[name]
    if (value !== undefined) environment[name] = value
  }
  return environment
}
