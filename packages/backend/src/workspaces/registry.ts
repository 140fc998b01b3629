import { mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { PilotError, toPilotError } from '@pilot/domain/errors'
import { type Id, newId } from '@pilot/domain/ids'
import { createDemoRepository } from '../demo/demo-repository.ts'
import type { Git } from '../git/run.ts'
import { createSerially } from '../serially.ts'
import { type CloneProgress, cloneRepository, exists } from './clone.ts'
import { validateRoot } from './root.ts'
import type { WorkspaceRow, WorkspaceStore } from './store.ts'

/** A workspace as the control plane describes it in `runtime.welcome` and `workspace.prepare`. */
export interface WorkspaceOrder {
  workspace_id: Id<'workspace'>
  instance_id: Id<'instance'>
  slug: string
  name: string
  type: WorkspaceRow['type']
  generation: number
  config: Record<string, unknown>
}

export interface WorkspaceProblem {
  code: PilotError['code']
  message: string
}

export interface Workspace extends Omit<WorkspaceRow, 'attached'> {
  /** Why the workspace cannot be used right now; null when it can. */
  problem: WorkspaceProblem | null
}

export interface RegistryDeps {
  /** PILOT_HOME. */
  home: string
  git: Git
  store: WorkspaceStore
  now: () => Date
  /** Called before the data of a workspace is moved away: throws WORKTREE_DIRTY when that would lose work. */
  beforeRemove: (workspace: Workspace, force: boolean) => Promise<void>
  /** Called after a workspace was detached or removed, so that what runs in it is stopped. */
  onGone: (workspaceId: Id<'workspace'>) => void
}

const TRASH_DAYS = 7

/**
 * The workspaces that this machine serves. The control plane's list is the truth for which and in which generation; the
 * disk is the truth for whether their directories can be used.
 */
export function createWorkspaceRegistry(deps: RegistryDeps) {
  const { home, git, store } = deps
  const runtimeHome = join(home, 'runtime')
  const clones = join(runtimeHome, 'workspaces')
  const trash = join(runtimeHome, 'trash')
  const demo = join(home, 'demo-shop')
  const serially = createSerially<string>()
  const known = new Map<string, Workspace>()
  for (const { attached, ...row } of store.all()) if (attached) known.set(row.workspace_id, { ...row, problem: null })

  const save = (workspace: Workspace, attached = true) => {
    const { problem: _, ...row } = workspace
    const next = { ...row, attached }
    // Looked at with every request for the workspace, so what has not changed is not written again.
    if (JSON.stringify(store.get(row.workspace_id)) !== JSON.stringify(next)) store.put(next)
  }
  /** Roots of the others. Clones of ours stand beside each other by construction. */
  const others = (workspaceId: string) =>
    [...known.values()].flatMap((other) =>
      other.workspace_id !== workspaceId && other.root_path !== null
        ? [{ root: other.root_path, name: other.name }]
        : [],
    )

  async function localRoot(order: WorkspaceOrder): Promise<string> {
    const directory = order.config.directory
    if (typeof directory !== 'string') {
      throw new PilotError('WORKSPACE_ROOT_INVALID', 'The workspace names no directory. Delete it and create it again.')
    }
    if (directory === demo) {
      await createDemoRepository(git, demo)
      return realpath(demo)
    }
    return validateRoot(directory, { reserved: [home], others: others(order.workspace_id) })
  }

  async function gitRoot(root: string | null): Promise<string> {
    const present = root !== null && (await stat(root).catch(() => null))?.isDirectory()
    if (root !== null && present) return root
    throw new PilotError(
      'WORKSPACE_NOT_READY',
      'The repository is not cloned on this machine yet. Retry the workspace.',
    )
  }

  async function clone(order: WorkspaceOrder, onProgress: (progress: CloneProgress) => void, signal?: AbortSignal) {
    if (typeof order.config.url !== 'string') {
      throw new PilotError(
        'WORKSPACE_ROOT_INVALID',
        'The workspace names no repository. Delete it and create it again.',
      )
    }
    if (!/^[a-z0-9][a-z0-9-]{0,100}$/.test(order.slug)) throw new PilotError('VALIDATION_FAILED')
    const taken = await exists(join(clones, order.slug))
    const name = taken ? `${order.slug}-${order.workspace_id.slice(-6)}` : order.slug
    const made = await cloneRepository(git, { url: order.config.url, parent: clones, name, signal, onProgress })
    return realpath(made)
  }

  async function adopt(
    order: WorkspaceOrder,
    findRoot: (remembered: string | null) => Promise<string>,
  ): Promise<Workspace> {
    const before = store.get(order.workspace_id)
    if (before && before.generation > order.generation) {
      // A restored backup of the control plane: an older owner must not take over by accident.
      throw new PilotError(
        'CONFLICT',
        'This machine already holds a newer assignment of the workspace. An admin has to reassign it.',
        { generation: before.generation },
      )
    }
    const remembered = before?.root_path ?? null
    const { workspace_id, instance_id, slug, name, type, generation, config } = order
    const row = { workspace_id, instance_id, slug, name, type, generation, config }
    let workspace: Workspace
    try {
      workspace = { ...row, root_path: await findRoot(remembered), problem: null }
    } catch (cause) {
      workspace = { ...row, root_path: remembered, problem: problemOf(cause) }
    }
    known.set(workspace_id, workspace)
    save(workspace)
    return workspace
  }

  /** Looks at the disk again and keeps what it finds. */
  async function refresh(order: WorkspaceOrder): Promise<Workspace> {
    return adopt(order, async (remembered) => {
      if (order.type === 'local') return localRoot(order)
      if (order.type === 'git') return gitRoot(remembered)
      throw new PilotError('CAPABILITY_UNSUPPORTED', 'This machine cannot hold workspaces of this type yet.')
    })
  }

  function drop(workspaceId: Id<'workspace'>): void {
    const workspace = known.get(workspaceId)
    if (!workspace) return
    known.delete(workspaceId)
    save(workspace, false)
    deps.onGone(workspaceId)
  }

  return {
    list: (): Workspace[] => [...known.values()],
    /** Every workspace that has data here, also those that are no longer served, with its last generation. */
    held: () => store.all().map(({ workspace_id, generation }) => ({ workspace_id, generation })),
    get: (workspaceId: string): Workspace | null => known.get(workspaceId) ?? null,

    /**
     * The workspace that a request names. Throws WORKSPACE_NOT_FOUND when this machine does not serve it,
     * STALE_GENERATION when the request was addressed to an earlier assignment.
     */
    require(workspaceId: string, generation: number): Workspace {
      const workspace = known.get(workspaceId)
      if (!workspace) throw new PilotError('WORKSPACE_NOT_FOUND')
      if (generation < workspace.generation) throw new PilotError('STALE_GENERATION')
      if (generation > workspace.generation) throw new PilotError('WORKSPACE_NOT_READY')
      return workspace
    },

    /** The resolved root, looked at again now. Throws the workspace's problem. */
    async usableRoot(workspaceId: string): Promise<string> {
      const workspace = known.get(workspaceId)
      if (!workspace) throw new PilotError('WORKSPACE_NOT_FOUND')
      const now = await serially(workspaceId, () => refresh(workspace))
      if (now.problem) throw new PilotError(now.problem.code, now.problem.message)
      if (now.root_path === null) throw new PilotError('WORKSPACE_NOT_READY')
      return now.root_path
    },

    /** Takes the control plane's list. What is not in it is no longer served; its data stays where it is. */
    async applyWelcome(orders: readonly WorkspaceOrder[]): Promise<void> {
      const wanted = new Set<string>(orders.map((order) => order.workspace_id))
      for (const workspace of known.values()) if (!wanted.has(workspace.workspace_id)) drop(workspace.workspace_id)
      for (const order of orders) {
        await serially(order.workspace_id, async () => {
          try {
            await refresh(order)
          } catch (cause) {
            const before = store.get(order.workspace_id)
            if (!before) return
            const { attached: _, ...row } = before
            known.set(order.workspace_id, { ...row, problem: problemOf(cause) })
          }
        })
      }
    },

    /** Makes the workspace usable and gives its root. Safe to repeat; throws what stands in the way. */
    async prepare(
      order: WorkspaceOrder,
      onProgress: (progress: CloneProgress) => void = () => undefined,
      signal?: AbortSignal,
    ): Promise<{ root_path: string }> {
      const workspace = await serially(order.workspace_id, async () => {
        const found = await refresh(order)
        if (order.type !== 'git' || found.problem?.code !== 'WORKSPACE_NOT_READY') return found
        return adopt(order, () => clone(order, onProgress, signal))
      })
      if (workspace.problem) throw new PilotError(workspace.problem.code, workspace.problem.message)
      if (workspace.root_path === null) throw new PilotError('WORKSPACE_NOT_READY')
      return { root_path: workspace.root_path }
    },

    /** Stops serving the workspace and keeps its data. */
    async detach(workspaceId: Id<'workspace'>): Promise<void> {
      await serially(workspaceId, async () => drop(workspaceId))
    },

    /** Stops serving it and moves a clone of ours to the trash for 7 days. A `local` directory is left untouched. */
    async remove(workspaceId: Id<'workspace'>, force: boolean): Promise<void> {
      await serially(workspaceId, async () => {
        const workspace = known.get(workspaceId)
        if (!workspace) return
        await deps.beforeRemove(workspace, force)
        drop(workspaceId)
        if (workspace.type === 'git' && workspace.root_path !== null && (await exists(workspace.root_path))) {
          await mkdir(trash, { recursive: true, mode: 0o700 })
          await rename(workspace.root_path, join(trash, `${deps.now().getTime()}-${newId('workspace').slice(-8)}`))
        }
        store.remove(workspaceId)
      })
    },

    /** Deletes what has been in the trash for more than 7 days. */
    async purgeTrash(): Promise<void> {
      const limit = deps.now().getTime() - TRASH_DAYS * 86_400_000
      for (const name of await readdir(trash).catch(() => [])) {
        const at = Number(name.split('-')[0])
        if (Number.isFinite(at) && at < limit) await rm(join(trash, name), { recursive: true, force: true })
      }
    },
  }
}

function problemOf(cause: unknown): WorkspaceProblem {
  const { code, message } = toPilotError(cause)
  return { code, message }
}
export type WorkspaceRegistry = ReturnType<typeof createWorkspaceRegistry>
