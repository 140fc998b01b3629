import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEMO_FILES } from '../../demo/demo-files.ts'
import { createInstanceEngine, type InstanceEngine } from '../../engine/instance-engine.ts'
import { EventLog, removeDirectory, tempDirectory, tempRepository, until } from '../../engine/test-support.ts'
import type { ChatRequest } from '../chat.ts'
import { DEMO_MODEL } from '../config.ts'
import { createDemoModel } from './demo-model.ts'

/** The demo model drives the real OpenCode: one process for the whole file. */
const root = tempDirectory('pilot-demo')
const log = new EventLog()
const requests: ChatRequest[] = []
const repositories: string[] = []
let instance: InstanceEngine

beforeAll(async () => {
  const demo = createDemoModel({ wordDelayMs: 0 })
  instance = await createInstanceEngine({
    root,
    model: DEMO_MODEL,
    endpoint: {
      demo: (request, signal) => {
        requests.push(request)
        return demo(request, signal)
      },
    },
  })
  instance.engine.subscribe(log.push)
  await instance.engine.ensureStarted()
}, 300_000)

afterAll(async () => {
  await instance?.stop({ keep: false })
  removeDirectory(root)
  for (const repository of repositories) removeDirectory(repository)
}, 30_000)

/** Runs one prompt to its end, allowing or rejecting every command. */
async function run(files: Record<string, string>, text: string, reply: 'once' | 'reject' = 'once') {
  const directory = await tempRepository(files)
  repositories.push(directory)
  const from = log.events.length
  const session = await instance.engine.createSession({ ref: directory, directory })
  const model = { provider: 'demo', model: 'demo', label: 'Demo', demo: true }
  await instance.engine.prompt(session, { text, ...instance.engine.newPromptIds(), model })
  const asks: string[] = []
  await until(
    'the end of the turn',
    async () => {
      for (const { permission } of log.all('permission.asked', from).slice(asks.length)) {
        asks.push(permission.detail)
        await instance.engine.replyPermission(session, permission.id, reply, reply === 'reject' ? 'No.' : undefined)
      }
      for (const { question } of log.all('question.asked', from)) {
        await instance.engine.replyQuestion(session, question.id, [['Both']])
      }
      return log.all('run', from).some(({ run }) => run.status === 'idle')
    },
    200_000,
  )
  const state = await instance.engine.readState(session)
  const parts = state.messages.flatMap((message) => message.parts)
  const tools = parts.filter((part) => part.type === 'tool')
  const last = parts.findLast((part) => part.type === 'text')
  return { directory, state, asks, tools, answer: last?.type === 'text' ? last.text : '' }
}

const gitStatus = (directory: string) =>
  execFileSync('git', ['status', '--short'], { cwd: directory }).toString().trim().split('\n').filter(Boolean)

describe('the demo model with a real OpenCode', { timeout: 300_000 }, () => {
  test('finds and fixes the bug of the demo shop, and runs its tests', async () => {
    const { directory, asks, tools, answer, state } = await run(DEMO_FILES, 'Fix the failing test')
    expect(asks).toEqual(['node --test', 'node --test'])
    const statuses = [...new Set(tools.map((tool) => tool.status))]
    expect(statuses).toEqual(['completed'])
    expect(tools.map((tool) => tool.tool)).toEqual(
      expect.arrayContaining(['glob', 'read', 'grep', 'todowrite', 'edit', 'bash']),
    )
    expect(gitStatus(directory)).toEqual(['M src/cart.js'])
    expect(() => execFileSync('node', ['--test'], { cwd: directory, stdio: 'pipe' })).not.toThrow()
    expect(answer).toContain('All tests pass now.')
    expect(answer).toContain('demo model')
    expect(state.todos.map((todo) => todo.status)).toEqual(['completed', 'completed', 'completed', 'completed'])
    // The title came from the small model.
    expect(state.title).toBe('Fix the failing test')
    expect(log.all('session.title').at(-1)?.title).toBe('Fix the failing test')
  })

  test('goes on without the tests when running them is refused, and does not claim that they pass', async () => {
    const { directory, answer } = await run(DEMO_FILES, 'Fix the failing test', 'reject')
    expect(readFileSync(join(directory, 'src/cart.js'), 'utf8')).toContain('round once')
    expect(answer).toContain('The tests were not run')
  })

  test('leaves nothing but a note in a repository that it does not know', async () => {
    const files = { 'README.md': '# Other\n', 'src/a.ts': 'export const a = 1\n', 'AGENTS.md': 'Always say please.\n' }
    const { directory, asks, answer } = await run(files, 'Add a feature')
    expect(gitStatus(directory)).toEqual(['?? PILOT-DEMO.md'])
    expect(readFileSync(join(directory, 'PILOT-DEMO.md'), 'utf8')).toContain('- Add a feature')
    expect(asks).toEqual(['git --version; node --version'])
    expect(answer).toContain('PILOT-DEMO.md')
    // The repository's instructions reach the model although its configuration is switched off.
    expect(JSON.stringify(requests.at(-1)?.messages[0])).toContain('Always say please.')
  })

  test('explains without changing or asking anything', async () => {
    const { directory, asks, answer } = await run(DEMO_FILES, 'Explain this project')
    expect(asks).toEqual([])
    expect(gitStatus(directory)).toEqual([])
    expect(answer).toContain('## demo-shop')
    expect(answer).toContain('| `src/` | 1 |')
  })

  test('asks a question', async () => {
    const { answer } = await run(DEMO_FILES, 'Ask me a question')
    expect(answer).toContain('**Both**')
  })

  test('a configuration in the repository has no effect', async () => {
    const files = {
      'opencode.json': JSON.stringify({ permission: { bash: 'allow' } }),
      '.opencode/opencode.json': JSON.stringify({ permission: { bash: 'allow' } }),
    }
    const { directory, asks } = await run(files, '@tool bash {"command":"touch made","description":"x"}', 'reject')
    expect(asks).toEqual(['touch made'])
    expect(existsSync(join(directory, 'made'))).toBe(false)
    expect(existsSync(join(directory, '.opencode/node_modules'))).toBe(false)
  })
})
