/**
 * Commands that run without asking: they can neither change anything nor reach the network, and all that they can show
 * the agent could read by its own tools. OpenCode's own patterns are not used for this: they are matched against the
 * single commands of a line without its redirections, so that `ls | cat > file` would pass as `ls` and `cat`.
 */
const SAFE_WORD = /^[\w@%+=:,./~^-]+$/
const ALLOWED = new Set(['ls', 'pwd', 'cat', 'head', 'tail', 'wc'])
const ALLOWED_GIT = new Set(['status', 'diff', 'log', 'show', 'rev-parse', 'ls-files', 'blame'])
/** Options that write files, run other programs, read a list of names, or follow a file without end. */
const UNSAFE_OPTION =
  /^(--output|--ext-diff|--textconv|--exec|--open-files-in-pager|-O|--files0-from|-f|-F|--follow|--retry)/

/**
 * True when the whole line is one plain command of the list. No quoting, substitution, redirection, chaining, glob or
 * path that leaves the working directory is ever accepted: whoever needs those is asked for.
 */
export function isReadOnlyCommand(line: string): boolean {
  const words = line.trim().split(/ +/)
  if (!words.every((word) => SAFE_WORD.test(word))) return false
  const [program = '', ...rest] = words
  if (!rest.every((word) => staysInside(word) && !UNSAFE_OPTION.test(word))) return false
  return program === 'git' ? ALLOWED_GIT.has(rest[0] ?? '') : ALLOWED.has(program)
}

function staysInside(word: string): boolean {
  const path = word.includes('=') ? word.slice(word.indexOf('=') + 1) : word
  if (path.startsWith('/') || path.startsWith('~')) return false
  if (path.split('/').includes('..')) return false
  // Files of secrets are asked for by the read tool too.
  return !/(^|\/)\.env/.test(path)
}
