import { realpathSync } from 'node:fs'
import { mkdir, readdir, realpath } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { PilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import type { FileChange, WorktreeRef } from '@pilot/protocol/agent/model'
import { isDirty, listChanges, readDiff } from '../git/diff.ts'
import { inspectRepository, isBranchName, noCommit, type RepositoryInfo, resolveCommit } from '../git/repository.ts'
import type { Git } from '../git/run.ts'
import { createSerially } from '../serially.ts'
import type { SessionDirectories } from '../sessions/ports.ts'
import { exists } from '../workspaces/clone.ts'
import { isInside, pathSegments } from '../workspaces/jail.ts'
import { addWorktree, removeWorktree } from './git-worktree.ts'
import type { WorktreeRow, WorktreeStore } from './store.ts'
import { worktreeName } from './worktree-name.ts'

export interface SessionDirectoriesDeps {
  git: Git
  store: WorktreeStore
  /** `PILOT_HOME/runtime/worktrees`; a directory per workspace is made in it. */
  worktreesHome: string
  /** Resolved root of a workspace, checked now. Throws WORKSPACE_NOT_FOUND or what is wrong with it. */
  workspaceRoot: (workspaceId: Id<'workspace'>) => Promise<string>
}

type CreateInput = Parameters<SessionDirectories['create']>[0]

/**
 * Gives each agent session its own git worktree and branch, beside the repository and never in it. The row is written
 * before git is asked, so an interrupted creation is finished by repeating it.
 */
export function createSessionDirectories(deps: SessionDirectoriesDeps) {
  const { git, store } = deps
  const perRepository = createSerially<string>()
  const perSession = createSerially<string>()

  /** The same place as in the rows, whose paths are resolved. */
  let resolved: string | undefined
  function resolvedHome(): string {
    try {
      resolved ??= realpathSync(deps.worktreesHome)
    } catch {
      // Made with the first worktree.
    }
    return resolved ?? deps.worktreesHome
  }

  /** Decides where the session works, and remembers it. */
  async function plan(input: CreateInput): Promise<WorktreeRow> {
    const root = await deps.workspaceRoot(input.workspace_id)
    const repository = await inspectRepository(git, root)
    const row = repository ? await planWorktree(input, repository) : planPlain(input, root)
    store.insert(row)
    return row
  }

  function planPlain(input: CreateInput, root: string): WorktreeRow {
    if (input.base_ref !== undefined) {
      throw new PilotError(
        'VALIDATION_FAILED',
        'This workspace is not a git repository, so it has no branch to start from.',
      )
    }
    const { session_id, workspace_id } = input
    const none = { prefix: '', repository: '', name: '', branch: '', base_ref: '', base_sha: '' }
    return { id: newId('worktree'), session_id, workspace_id, is_worktree: false, path: root, ...none, state: 'ready' }
  }

  async function planWorktree(input: CreateInput, repository: RepositoryInfo): Promise<WorktreeRow> {
    if (repository.head === null) {
      throw noCommit()
    }
    const base =
      input.base_ref === undefined ? repository.head : await resolveCommit(git, repository.root, input.base_ref)
    if (base === null) {
      throw new PilotError('VALIDATION_FAILED', 'The repository has no such branch, tag or commit to start from.', {
        field: 'base_ref',
      })
    }
    const home = join(deps.worktreesHome, input.workspace_id)
    await mkdir(home, { recursive: true, mode: 0o700 })
    const name = worktreeName(input.title, input.session_id)
    return {
      id: newId('worktree'),
      session_id: input.session_id,
      workspace_id: input.workspace_id,
      is_worktree: true,
      path: join(await realpath(home), name),
      prefix: repository.prefix,
      repository: repository.root,
      name,
      branch: await freeBranch(repository.root, name),
      base_ref: input.base_ref ?? repository.branch ?? base.slice(0, 12),
      base_sha: base,
      state: 'creating',
    }
  }

  /** A repository that has a branch named just "pilot" cannot hold one named "pilot/…". */
  async function freeBranch(root: string, name: string): Promise<string> {
    const taken = (await resolveCommit(git, root, 'refs/heads/pilot')) !== null
    const branch = taken ? `pilot-${name}` : `pilot/${name}`
    if (!(await isBranchName(git, root, branch))) throw new PilotError('INTERNAL')
    return branch
  }

  async function create(input: CreateInput): Promise<{ directory: string; worktree: WorktreeRef | null }> {
    const known = store.get(input.session_id)
    if (known?.state === 'removed' || known?.state === 'removing') throw new PilotError('SESSION_NOT_FOUND')
    const row = known ?? (await plan(input))
    if (row.is_worktree && (row.state === 'creating' || !(await exists(row.path)))) {
      if (!(await exists(row.repository))) throw new PilotError('WORKSPACE_ROOT_INVALID')
      await perRepository(row.repository, () => addWorktree(git, row))
    }
    if (row.state !== 'ready') store.setState(row.id, 'ready')
    return { directory: directoryOf(row), worktree: refOf(row) }
  }

  async function remove(sessionId: string, force: boolean): Promise<void> {
    const row = store.get(sessionId)
    if (!row || row.state === 'removed') return
    if (row.is_worktree) {
      if (!force && row.state !== 'removing') await assertClean(row)
      store.setState(row.id, 'removing')
      await perRepository(row.repository, () => removeWorktree(git, row))
    }
    store.setState(row.id, 'removed')
  }

  async function assertClean(row: WorktreeRow): Promise<void> {
    if (!(row.is_worktree && (await exists(row.path)) && (await exists(row.repository)))) return
    if (await isDirty(git, row.path)) {
      throw new PilotError('WORKTREE_DIRTY', undefined, { worktree: row.name, branch: row.branch })
    }
  }

  function worktreeOf(sessionId: string): WorktreeRow | null {
    const row = store.get(sessionId)
    if (!row || row.state === 'removed') throw new PilotError('SESSION_NOT_FOUND')
    return row.is_worktree ? row : null
  }

  const directories: SessionDirectories = {
    create: (input) => perSession(input.session_id, () => create(input)),
    remove: (sessionId, options) => perSession(sessionId, () => remove(sessionId, options.force)),
    async diff(sessionId, path) {
      const row = worktreeOf(sessionId)
      if (!row) return { base: '', files: [], truncated: false }
      const wanted = path === undefined ? undefined : toRepositoryPath(row.prefix, path)
      const diff = await readDiff(git, row.path, row.base_sha, wanted)
      return { ...diff, files: diff.files.map((file) => relativeTo(row.prefix, file)) }
    },
    async changes(sessionId) {
      const row = worktreeOf(sessionId)
      if (!row) return { changes: [], truncated: false }
      const list = await listChanges(git, row.path, row.base_sha)
      return { ...list, changes: list.changes.map((change) => relativeTo(row.prefix, change)) }
    },
  }

  return {
    ...directories,
    /** Rows of a workspace that are not removed. */
    ofWorkspace: (workspaceId: string): WorktreeRow[] => store.ofWorkspace(workspaceId),
    /** True when the path lies in a worktree of that workspace. */
    holds: (workspaceId: string, path: string): boolean => isInside(join(resolvedHome(), workspaceId), path),
    /** Throws WORKTREE_DIRTY when a worktree of the workspace has changes that are not committed. */
    async assertAllClean(workspaceId: string): Promise<void> {
      for (const row of store.ofWorkspace(workspaceId)) await assertClean(row)
    },
    /** Removes every worktree of a workspace; throws WORKTREE_DIRTY before it touched any, unless forced. */
    async removeAll(workspaceId: string, options: { force: boolean }): Promise<void> {
      const rows = store.ofWorkspace(workspaceId)
      if (!options.force) for (const row of rows) await assertClean(row)
      for (const row of rows) await perSession(row.session_id, () => remove(row.session_id, options.force))
    },
    /**
     * Compares rows with sessions and with the disk after a start: finishes interrupted removals, marks the worktrees
     * of sessions that are gone as orphaned, and names directories that no row knows. Deletes nothing that may hold work.
     */
    async reconcile(
      hasSession: (sessionId: Id<'agent_session'>) => boolean,
    ): Promise<{ orphaned: number; unknown: string[] }> {
      let orphaned = 0
      for (const row of store.all()) {
        if (row.state === 'removing') await perSession(row.session_id, () => remove(row.session_id, true))
        else if (!hasSession(row.session_id)) {
          store.setState(row.id, 'orphaned')
          orphaned++
        }
      }
      const known = new Set(store.all().map((row) => row.path))
      const unknown: string[] = []
      for (const workspace of await readdir(deps.worktreesHome).catch(() => [])) {
        const home = await realpath(join(deps.worktreesHome, workspace))
        for (const name of await readdir(home).catch(() => [])) {
          if (!known.has(join(home, name))) unknown.push(join(workspace, name))
        }
      }
      return { orphaned, unknown }
    },
  }
}
export type MachineSessionDirectories = ReturnType<typeof createSessionDirectories>

function directoryOf(row: WorktreeRow): string {
  return row.prefix === '' ? row.path : join(row.path, row.prefix)
}

function refOf(row: WorktreeRow): WorktreeRef | null {
  if (!row.is_worktree) return null
  const { id, name, branch, base_ref, base_sha } = row
  return { id, name, branch, base_ref, base_sha }
}

/** Git speaks of paths from the checkout's root, screens of paths from the session's directory. */
function relativeTo<T extends FileChange>(prefix: string, change: T): T {
  if (prefix === '') return change
  const path = posix.relative(prefix, change.path)
  return change.old_path === undefined
    ? { ...change, path }
    : { ...change, path, old_path: posix.relative(prefix, change.old_path) }
}

function toRepositoryPath(prefix: string, path: string): string {
  const joined = posix.normalize(posix.join(prefix, path))
  return pathSegments(joined).join('/')
}
