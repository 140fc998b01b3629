import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { AgentProgram } from '@pilot/protocol/terminal/rest'
import type { Git } from '../git/run.ts'

/** Where each agent reads what holds for every project, below the home directory, and for one. */
const FILES: Record<AgentProgram, { global: string; repository: string }> = {
  opencode: { global: '.config/opencode/AGENTS.md', repository: 'AGENTS.md' },
  claude: { global: '.claude/CLAUDE.md', repository: 'CLAUDE.md' },
  codex: { global: '.codex/AGENTS.md', repository: 'AGENTS.md' },
  gemini: { global: '.gemini/GEMINI.md', repository: 'GEMINI.md' },
}

const TEXT = `# Working in Pilot

- You run in a terminal of Pilot. Several people may watch it and type into it, also from a phone: ask short questions.
- Stay in the directory you were started in. In a worktree of a session, commit to its branch and leave others alone.
- The terminal goes on when the browser is closed. Say when you are done or wait for an answer (ring the bell).
- Never print secrets: what is printed can be seen by everybody who may open this workspace.
`

export interface GuidanceOrder {
  program: AgentProgram
  home: string
  /** Directory that the program starts in. */
  cwd: string
  /** The workspace asks for a file in the repository, too. */
  repository: boolean
}

/**
 * Makes guidance available to an agent program: a file in its own configuration directory, only when there is none. In a
 * repository only when the workspace asks for it, and then where git does not see it.
 */
export async function offerGuidance(git: Git, { program, home, cwd, repository }: GuidanceOrder): Promise<void> {
  const names = FILES[program]
  await writeIfAbsent(join(home, names.global))
  if (!repository) return
  const asked = await git.run(['rev-parse', '--show-toplevel', '--git-path', 'info/exclude'], { cwd })
  const [top, exclude] = asked.code === 0 ? asked.stdout.toString('utf8').trim().split('\n') : []
  if (!top || !exclude || !(await writeIfAbsent(join(top, names.repository)))) return
  const file = resolve(cwd, exclude)
  const listed = (await readFile(file, 'utf8').catch(() => '')).split('\n')
  if (listed.includes(`/${names.repository}`)) return
  await mkdir(dirname(file), { recursive: true })
  await appendFile(file, `${listed.at(-1) === '' ? '' : '\n'}/${names.repository}\n`)
}

/** False when there is something already, if only a link that leads nowhere. */
async function writeIfAbsent(path: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(path, TEXT, { flag: 'wx', mode: 0o600 })
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw cause
  }
}
