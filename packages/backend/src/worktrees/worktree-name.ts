const MAX_SLUG_CHARS = 40

/**
 * Name of a session's worktree directory, also the last part of its branch: the title in plain ASCII and the end of the
 * session's id, so that two sessions of one title never meet.
 */
export function worktreeName(title: string, sessionId: string): string {
  const slug = title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_SLUG_CHARS)
    .replace(/^-+|-+$/g, '')
  return `${slug || 'session'}-${sessionId.slice(-6)}`
}
