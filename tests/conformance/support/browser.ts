import { TestSocket } from './socket.ts'

export interface Answer {
  status: number
  headers: Headers
  // What a test reads of it is asserted there.
  body: Record<string, unknown>
}

/** A signed-in or anonymous browser: cookies, origin and the header that our own scripts send. */
export class Browser {
  readonly url: string
  readonly #cookies = new Map<string, string>()
  #email: string | null = null

  constructor(url: string) {
    this.url = url
  }

  get origin(): string {
    return new URL(this.url).origin
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** `path` has no leading slash. */
  async fetch(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const unsafe = !['GET', 'HEAD'].includes(init.method ?? 'GET')
    const response = await fetch(new URL(path, this.url), {
      redirect: 'manual',
      ...init,
      headers: {
        ...(this.#cookies.size > 0 ? { cookie: this.cookie } : {}),
        ...(unsafe ? { origin: this.origin, 'x-pilot-csrf': '1' } : {}),
        ...init.headers,
      },
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      const gone = /max-age=0/i.test(line) || pair.slice(at + 1) === ''
      if (gone) this.#cookies.delete(pair.slice(0, at))
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  async json(path: string, init?: RequestInit & { headers?: Record<string, string> }): Promise<Answer> {
    const response = await this.fetch(path, init)
    const text = await response.text()
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      throw new Error(`${path} answered ${response.status} with no JSON: ${text.slice(0, 300)}`)
    }
    return { status: response.status, headers: response.headers, body: body as Record<string, unknown> }
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.json(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    })
  }

  /** Another browser of the same person, with a session of its own. */
  async copy(): Promise<Browser> {
    const other = new Browser(this.url)
    if (this.#email) await other.signIn(this.#email)
    return other
  }

  async signIn(email: string): Promise<void> {
    this.#email = email
    const { status, body } = await this.post('api/auth/dev/login', { email })
    if (status !== 200) throw new Error(`sign-in failed: ${status} ${JSON.stringify(body)}`)
  }

  /** Calls a procedure; gives its data, or throws its error body as a `CallError`. */
  async call<T = Record<string, never>>(kind: 'query' | 'mutation', path: string, input?: unknown): Promise<T> {
    const answer =
      kind === 'query'
        ? await this.json(
            `api/trpc/${path}${input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`}`,
          )
        : await this.post(`api/trpc/${path}`, input ?? {})
    const { result, error } = answer.body as { result?: { data: T }; error?: { data?: unknown } }
    if (result) return result.data
    throw new CallError(answer.status, error)
  }

  socket(path: string, headers: Record<string, string> = {}): Promise<TestSocket> {
    return TestSocket.open(new URL(path, this.url).href, {
      headers: { origin: this.origin, ...(this.#cookies.size > 0 ? { cookie: this.cookie } : {}), ...headers },
    })
  }
}

/** A refused procedure call. */
export class CallError extends Error {
  readonly status: number
  /** Stable code of ours, wherever the answer holds it. */
  readonly code: string | null

  constructor(status: number, error: unknown) {
    super(JSON.stringify(error))
    this.status = status
    this.code = /"code":"([A-Z_]+)"/.exec(this.message)?.[1] ?? null
  }
}
