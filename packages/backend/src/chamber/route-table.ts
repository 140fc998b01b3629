/**
 * OpenCode's own v1 routes that stay reachable for its clients, below a workspace. Nothing else of OpenCode is: what is
 * not in this list is answered by us, never passed on. Segments that begin with `:` are ids, each checked for who owns
 * it before anything is sent; the `directory` of every call is set by us.
 */
export interface ChamberRoute {
  method: 'GET' | 'POST'
  /** Segments `:session`, `:message`, `:permission` and `:question` are ids of OpenCode. */
  path: string
  /**
   * `pass`: sent on as it is. `children`: sent on, its list filtered to what the workspace owns. `sessions`, `status`,
   * `permissions`, `questions`: lists of the workspace, made or filtered by us. `event`, `global-event`: streams from
   * our ring.
   */
  answer: 'pass' | 'children' | 'sessions' | 'status' | 'permissions' | 'questions' | 'event' | 'global-event'
  /** Query names that are sent on; all others are dropped. */
  query?: readonly string[]
  /** Which body is taken; none means that a body is not sent on. */
  body?: 'prompt' | 'permission' | 'legacy-permission' | 'question'
}

export const CHAMBER_ROUTES: readonly ChamberRoute[] = [
  { method: 'GET', path: '/session', answer: 'sessions', query: ['limit', 'search', 'start', 'roots'] },
  { method: 'GET', path: '/session/status', answer: 'status' },
  { method: 'GET', path: '/session/:session', answer: 'pass' },
  { method: 'GET', path: '/session/:session/children', answer: 'children' },
  { method: 'GET', path: '/session/:session/todo', answer: 'pass' },
  { method: 'GET', path: '/session/:session/diff', answer: 'pass', query: ['messageID'] },
  { method: 'GET', path: '/session/:session/message', answer: 'pass', query: ['limit', 'before'] },
  { method: 'GET', path: '/session/:session/message/:message', answer: 'pass' },
  { method: 'POST', path: '/session/:session/message', answer: 'pass', body: 'prompt' },
  { method: 'POST', path: '/session/:session/prompt_async', answer: 'pass', body: 'prompt' },
  { method: 'POST', path: '/session/:session/abort', answer: 'pass' },
  { method: 'POST', path: '/session/:session/permissions/:permission', answer: 'pass', body: 'legacy-permission' },
  { method: 'GET', path: '/permission', answer: 'permissions' },
  { method: 'POST', path: '/permission/:permission/reply', answer: 'pass', body: 'permission' },
  { method: 'GET', path: '/question', answer: 'questions' },
  { method: 'POST', path: '/question/:question/reply', answer: 'pass', body: 'question' },
  { method: 'POST', path: '/question/:question/reject', answer: 'pass' },
  { method: 'GET', path: '/event', answer: 'event' },
  { method: 'GET', path: '/global/event', answer: 'global-event' },
]

/** First segments of what this runtime knows but cannot do yet: CAPABILITY_UNSUPPORTED instead of NOT_FOUND. */
export const UNSUPPORTED_FAMILIES: Readonly<Record<string, string>> = {
  terminal: 'terminal',
  fs: 'fs',
  git: 'git',
  github: 'github',
  push: 'push',
  mgmt: 'mgmt',
}

export interface ChamberMatch {
  route: ChamberRoute
  /** Ids by the name of their segment. */
  ids: Readonly<Record<string, string>>
}

const ID_PATTERN = /^[A-Za-z0-9_-]{1,200}$/

/**
 * Finds the route of a path, comparing whole segments: `/sessions` is not `/session`, and an encoded slash is part of
 * an id that no id may have. Fixed segments win over ids. Null when there is none.
 */
export function matchChamberRoute(method: string, pathname: string): ChamberMatch | null {
  const segments = pathname.split('/').slice(1)
  for (const route of CHAMBER_ROUTES) {
    if (route.method !== method) continue
    const pattern = route.path.split('/').slice(1)
    if (pattern.length !== segments.length) continue
    const ids: Record<string, string> = {}
    const fits = pattern.every((part, index) => {
      const segment = segments[index] ?? ''
      if (!part.startsWith(':')) return part === segment
      ids[part.slice(1)] = segment
      return ID_PATTERN.test(segment)
    })
    if (fits) return { route, ids }
  }
  return null
}
