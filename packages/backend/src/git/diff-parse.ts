import type { FileChange } from '@pilot/protocol/agent/model'

/**
 * Reads the answer of `git diff --raw --numstat -z`: first every raw entry, then every count, in the same order. An
 * answer that was cut in the middle gives the entries that are whole.
 */
export function parseChanges(output: string): FileChange[] {
  const fields = output.split('\0')
  fields.pop()
  const changes = new Map<string, FileChange>()
  let at = 0
  while (at < fields.length) {
    const field = fields[at] ?? ''
    if (field.startsWith(':')) {
      const status = field.split(' ')[4] ?? ''
      const renamed = status.startsWith('R') || status.startsWith('C')
      const first = fields[at + 1]
      const path = renamed ? fields[at + 2] : first
      at += renamed ? 3 : 2
      if (first === undefined || path === undefined) break
      const change: FileChange = { path, kind: kindOf(status), additions: 0, deletions: 0 }
      if (status.startsWith('R')) change.old_path = first
      // A conflicted file comes twice, as unmerged and as modified: the later entry says more.
      changes.set(path, change)
      continue
    }
    const count = /^(-|\d+)\t(-|\d+)\t(.*)$/s.exec(field)
    if (!count) break
    const renamed = count[3] === ''
    const path = renamed ? fields[at + 2] : count[3]
    at += renamed ? 3 : 1
    const change = path === undefined ? undefined : changes.get(path)
    if (!change) continue
    if (count[1] === '-') change.binary = true
    else {
      change.additions = Number(count[1])
      change.deletions = Number(count[2])
    }
  }
  return [...changes.values()]
}

function kindOf(status: string): FileChange['kind'] {
  switch (status[0]) {
    case 'A':
    case 'C':
      return 'added'
    case 'D':
      return 'deleted'
    case 'R':
      return 'renamed'
    default:
      return 'modified'
  }
}

/**
 * Cuts a whole `git diff --patch` into the patch of each file, in the order of `files`; undefined where there is none.
 * The header lines decide, matched by the names that they must hold, so that a file that git printed twice (a file that
 * became a link) or not at all (a conflict) does not shift the others. With `cut` the last, half patch is dropped.
 */
export function splitPatches(text: string, files: readonly FileChange[], cut: boolean): (string | undefined)[] {
  // Within a hunk each line begins with a blank, +, - or \, so this can only be a header.
  const pieces = text.split(/^(?=diff --git )/m).filter((piece) => piece.startsWith('diff --git '))
  if (cut) pieces.pop()
  const byPath = new Map<string, string>()
  for (const piece of pieces) {
    const path = headerPath(piece)
    if (path !== null) byPath.set(path, (byPath.get(path) ?? '') + piece)
  }
  return files.map((file) => byPath.get(file.path))
}

/** The new name that a patch's header tells (the old one for a deletion). */
function headerPath(piece: string): string | null {
  const end = piece.search(/^@@ /m)
  const header = (end < 0 ? piece : piece.slice(0, end)).split('\n')
  const named = (prefix: string) => header.find((line) => line.startsWith(prefix))?.slice(prefix.length)
  const renamed = named('rename to ')
  if (renamed !== undefined) return unquote(renamed)
  const after = named('+++ ')
  if (after !== undefined && after !== '/dev/null') return unquote(after.replace(/\t$/, '')).slice(2)
  const before = named('--- ')
  if (before !== undefined && before !== '/dev/null') return unquote(before.replace(/\t$/, '')).slice(2)
  // No text lines (binary, empty file, mode change): both names are equal, so the line is two halves.
  const both = (header[0] ?? '').slice('diff --git '.length)
  if (both.startsWith('"')) return unquote(both.slice(both.length / 2 + 0.5)).slice(2)
  return both.slice(both.length / 2 + 0.5).slice(2)
}

/** Undoes git's C-style quoting of names with control characters, quotes or backslashes. */
export function unquote(name: string): string {
  if (!name.startsWith('"') || !name.endsWith('"')) return name
  const bytes: number[] = []
  const encoder = new TextEncoder()
  const escapes: Record<string, number> = { a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13 }
  for (const match of name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|([^\\]+)/gs)) {
    if (match[1] !== undefined) bytes.push(Number.parseInt(match[1], 8))
    else if (match[2] !== undefined) bytes.push(escapes[match[2]] ?? match[2].charCodeAt(0))
    else bytes.push(...encoder.encode(match[3]))
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
