import { newId } from '@pilot/domain/ids'
import type { Command } from '@pilot/protocol/agent/command'
import { EMPTY_STATE, type SessionState } from '@pilot/protocol/agent/fold'
import type { AgentSession, FileChange, MessageWithParts, Part, ToolPart } from '@pilot/protocol/agent/model'

export type SessionId = AgentSession['id']
export type WorkspaceId = AgentSession['workspace_id']

const MINUTE = 60_000
export const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE).toISOString()

let serial = 0
export const nextId = (kind: string) => `${kind}_${(++serial).toString().padStart(6, '0')}`

export function session(workspace: WorkspaceId, fields: Partial<AgentSession>): AgentSession {
  const title = fields.title ?? 'New session'
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return {
    id: newId('agent_session'),
    workspace_id: workspace,
    parent_id: null,
    agent: 'opencode',
    title,
    status: 'idle',
    attention: 'none',
    error: null,
    retry_at: null,
    model: { provider: 'demo', model: 'demo', label: 'Demo model', demo: true },
    worktree: {
      id: newId('worktree'),
      name: slug,
      branch: `pilot/${slug}`,
      base_ref: 'main',
      base_sha: '4be1c0ffee4be1c0ffee4be1c0ffee4be1c0ffee',
    },
    created_by: null,
    created_at: ago(60),
    last_activity_at: ago(2),
    archived_at: null,
    ...fields,
  }
}

export function user(text: string, at: string, command: Command['id'] | null = null): MessageWithParts {
  return {
    id: nextId('msg'),
    role: 'user',
    command_id: command,
    created_at: at,
    completed_at: at,
    status: 'completed',
    error: null,
    usage: null,
    parts: [{ id: nextId('prt'), type: 'text', text, done: true }],
  }
}

export function assistant(parts: Part[], at: string, fields: Partial<MessageWithParts> = {}): MessageWithParts {
  return {
    id: nextId('msg'),
    role: 'assistant',
    command_id: null,
    created_at: at,
    completed_at: at,
    status: 'completed',
    error: null,
    usage: null,
    ...fields,
    parts,
  }
}

export const text = (value: string): Part => ({ id: nextId('prt'), type: 'text', text: value, done: true })

export function tool(fields: Partial<ToolPart> & Pick<ToolPart, 'kind' | 'title'>): ToolPart {
  return {
    id: nextId('prt'),
    type: 'tool',
    tool: fields.kind,
    status: 'completed',
    input: { path: fields.title },
    output: '',
    output_bytes: new TextEncoder().encode(fields.output ?? '').length,
    error: null,
    started_at: ago(3),
    ended_at: ago(2.98),
    changes: [],
    child_session_id: null,
    ...fields,
  }
}

export const change = (path: string, additions: number, deletions: number, kind: FileChange['kind'] = 'modified') => ({
  path,
  kind,
  additions,
  deletions,
})

export const PATCHES: Record<string, string> = {
  'src/cart/discount.ts': `--- a/src/cart/discount.ts
+++ b/src/cart/discount.ts
@@ -18,7 +18,5 @@ applyCoupon(lines, coupon)
   const rate = coupon.percent / 100
-  return lines.map((l) => ({
-    ...l,
-    off: round(l.total * rate),
-  }))
+  const off = round(sum(lines) * rate)
+  return spread(off, lines)
 }
`,
  'src/cart/discount.test.ts': `--- /dev/null
+++ b/src/cart/discount.test.ts
@@ -0,0 +1,5 @@
+import { expect, it } from 'vitest'
+
+it('rounds once, on the subtotal, whatever the number of lines and however long this line of the test may be', () => {
+  expect(applyCoupon(lines, { percent: 15 })).toEqual(expected)
+})
`,
  'src/cart/spread.ts': `--- /dev/null
+++ b/src/cart/spread.ts
@@ -0,0 +1,3 @@
+export function spread(total: number, lines: Line[]) {
+  return lines.map((line) => ({ ...line, off: total }))
+}
`,
}

const coupon = [
  user(
    'Orders with a 15 % coupon are a cent off when there are three of the same item. Find out why, fix it, add a test.',
    ago(9),
  ),
  assistant(
    [
      {
        id: nextId('prt'),
        type: 'reasoning',
        text: 'Rounding per line, then summing. **Look** at `discount.ts`.',
        done: true,
      },
      text(
        'The discount is rounded per line and then summed, so three lines of 3.33 lose a cent each. I will compute the discount on the subtotal and spread the remainder over the lines.',
      ),
      tool({ kind: 'search', title: 'applyCoupon', output: 'a\nb\nc\nd\ne\nf\ng' }),
      tool({ kind: 'read', title: 'src/cart/discount.ts', output: 'export function applyCoupon() {}' }),
      tool({ kind: 'edit', title: 'src/cart/discount.ts', changes: [change('src/cart/discount.ts', 14, 6)] }),
      tool({
        kind: 'edit',
        title: 'src/cart/discount.test.ts',
        changes: [change('src/cart/discount.test.ts', 41, 0, 'added')],
      }),
    ],
    ago(8),
  ),
]

const MARKDOWN = `Here is how it is built:

1. **Install** with \`pnpm install\`.
2. Run the tests.

| Step | Command |
|---|---|
| build | \`pnpm build\` |
| test | \`pnpm test\` |

\`\`\`ts
export function applyCoupon(lines: Line[], coupon: Coupon): Line[] {
  // Round once, on the subtotal.
  const off = round(sum(lines) * coupon.percent / 100)
  return spread(off, lines)
}
\`\`\`

- [x] read the scripts
- [ ] see [the docs](https://example.com/docs)

<script>alert(1)</script>`

/** A session's state with the given content. */
export function stateWith(fields: Partial<SessionState>): SessionState {
  return { ...EMPTY_STATE, ...fields }
}

/** Sessions of every kind that a screen has to show. */
export function sampleStates(workspace: WorkspaceId): SessionState[] {
  const long: MessageWithParts[] = []
  for (let turn = 0; turn < 300; turn++) {
    long.push(user(`Question ${turn + 1}: how does part ${turn + 1} work?`, ago(4_000 - turn * 5)))
    const looks = ['a', 'b', 'c', 'd'].map((name) => tool({ kind: 'read', title: `src/part-${turn}/${name}.ts` }))
    const answer =
      turn % 10 === 9 ? MARKDOWN : `Part ${turn + 1} reads its input, **checks** it and writes \`out-${turn}.json\`.`
    long.push(
      assistant(
        [...looks, tool({ kind: 'execute', title: `pnpm test part-${turn}`, output: 'ok' }), text(answer)],
        ago(3_999 - turn * 5),
      ),
    )
  }
  return [
    stateWith({
      session: session(workspace, { title: 'Fix coupon rounding', status: 'waiting', attention: 'permission' }),
      messages: coupon,
      todos: [
        { content: 'Reproduce with three equal lines', status: 'completed', priority: 'high' },
        { content: 'Round once, on the subtotal', status: 'completed', priority: 'high' },
        { content: 'Run the cart tests', status: 'in_progress', priority: 'medium' },
        { content: 'Check the invoice export uses the same function', status: 'pending', priority: 'low' },
      ],
      permissions: [
        {
          id: nextId('per'),
          kind: 'execute',
          title: 'pnpm vitest run src/cart --coverage',
          detail: 'pnpm vitest run src/cart --coverage',
          always: ['pnpm vitest *'],
          part_id: null,
          asked_at: ago(2),
          resolution: null,
        },
      ],
      changes: [
        change('src/cart/discount.ts', 14, 6),
        change('src/cart/discount.test.ts', 41, 0, 'added'),
        change('src/cart/spread.ts', 7, 3, 'added'),
      ],
    }),
    stateWith({
      session: session(workspace, {
        title: 'Pick a cache',
        status: 'waiting',
        attention: 'question',
        last_activity_at: ago(6),
      }),
      messages: [user('Add a cache to the product page.', ago(7))],
      questions: [
        {
          id: nextId('que'),
          asked_at: ago(6),
          items: [
            {
              header: 'Cache',
              question: 'Where should the cache live?',
              multiple: false,
              custom: true,
              options: [
                { label: 'In memory', description: 'Fast and simple, gone at a restart' },
                { label: 'Redis', description: 'Shared by all processes' },
              ],
            },
          ],
          resolution: null,
        },
      ],
    }),
    stateWith({
      session: session(workspace, { title: 'Upgrade to React 19', status: 'busy', last_activity_at: ago(14) }),
      messages: [
        user('Upgrade to React 19.', ago(20)),
        assistant(
          [
            ...['package.json', 'src/app.tsx', 'src/main.tsx'].map((title) => tool({ kind: 'read', title })),
            tool({ kind: 'execute', title: 'pnpm up react@19 react-dom@19', output: 'done' }),
            tool({
              kind: 'execute',
              title: 'pnpm lint',
              status: 'failed',
              error: 'exit code 1: 3 problems',
              output: 'x',
            }),
            tool({ kind: 'execute', title: 'pnpm test', status: 'running', ended_at: null, output: '212 of 640' }),
          ],
          ago(14),
          { status: 'running', completed_at: null },
        ),
      ],
    }),
    stateWith({
      session: session(workspace, {
        title: 'Try a new checkout flow',
        status: 'error',
        attention: 'error',
        error: {
          code: 'MODEL_REFUSED',
          message: 'The model provider refused the key. Enter another one.',
          retryable: false,
        },
        last_activity_at: ago(5_000),
      }),
      messages: [
        user('Try a new checkout flow.', ago(5_001)),
        assistant([], ago(5_000), {
          status: 'failed',
          error: {
            code: 'MODEL_REFUSED',
            message: 'The model provider refused the key. Enter another one.',
            retryable: false,
          },
        }),
      ],
    }),
    stateWith({
      session: session(workspace, { title: 'Explain the whole repository', last_activity_at: ago(70) }),
      messages: long,
    }),
    stateWith({
      session: session(workspace, { title: 'Slow query on /orders', last_activity_at: ago(80) }),
      messages: [user('The orders page is slow.', ago(90)), assistant([text(MARKDOWN)], ago(80))],
      changes: [change('src/orders/query.sql', 38, 12)],
    }),
    stateWith({
      session: session(workspace, {
        title: 'Old experiment',
        status: 'archived',
        archived_at: ago(9_000),
        last_activity_at: ago(9_000),
      }),
      messages: [user('An experiment.', ago(9_001)), assistant([text('Done.')], ago(9_000))],
    }),
  ]
}
