import { PilotError } from '@pilot/domain/errors'
import { newId } from '@pilot/domain/ids'
import { checkSlug, slugBase } from '@pilot/domain/slugs'
import type { InputOf, OutputOf, ProcedurePath } from '@pilot/frontend/gateway/procedures'
import { instance, type MockState, machine, organization, workspace } from './mock-data.ts'

type Handlers = { [P in ProcedurePath]?: (state: MockState, input: InputOf<P>) => OutputOf<P> }

function found<T>(value: T | undefined, code: 'NOT_FOUND' | 'ORGANIZATION_NOT_FOUND' | 'MACHINE_NOT_FOUND'): T {
  if (value === undefined) throw new PilotError(code)
  return value
}

const page = <T>(items: T[]) => ({ items, next_cursor: null })
const org = (state: MockState, slug: string) =>
  found(
    state.organizations.find((candidate) => candidate.slug === slug),
    'ORGANIZATION_NOT_FOUND',
  )
const mach = (state: MockState, id: string) =>
  found(
    state.machines.find((candidate) => candidate.id === id),
    'MACHINE_NOT_FOUND',
  )
const work = (state: MockState, slug: string) =>
  found(
    state.workspaces.find((candidate) => candidate.slug === slug),
    'NOT_FOUND',
  )

/** The procedures that the screens of the app call, over plain arrays. */
export const PROCEDURES: Handlers = {
  'user.session': (state) => ({
    user: state.user,
    impersonated_by: null,
    login: { providers: state.providers, dev_login: state.devLogin },
    version: '0.1.0',
  }),
  'user.update': (state, { name }) => {
    if (!state.user) throw new PilotError('UNAUTHENTICATED')
    state.user = { ...state.user, name }
    return state.user
  },
  'organization.list': (state) => {
    if (!state.user) throw new PilotError('UNAUTHENTICATED')
    return state.organizations
  },
  'organization.get': (state, { organization_slug }) => org(state, organization_slug),
  'organization.create': (state, { name }) => {
    const made = organization(name, slugBase(name))
    state.organizations.push(made)
    return made
  },
  'organization.rename': (state, { organization_slug, name }) => Object.assign(org(state, organization_slug), { name }),
  'instance.list': (state, { organization_slug }) =>
    state.instances.filter((candidate) => candidate.organization_slug === organization_slug),
  'instance.get': (state, { organization_slug, instance_slug }) =>
    found(
      state.instances.find(
        (candidate) => candidate.organization_slug === organization_slug && candidate.slug === instance_slug,
      ),
      'NOT_FOUND',
    ),
  'instance.create': (state, { organization_slug, name }) => {
    const made = instance(org(state, organization_slug), name, slugBase(name))
    state.instances.push(made)
    return made
  },
  'machine.list': (state, { instance_id, archived }) =>
    page(
      state.machines.filter(
        (candidate) => candidate.instance_id === instance_id && (archived || candidate.state === 'started'),
      ),
    ),
  'machine.create': (state, { instance_id, name }) => {
    const made = machine(instance_id, name, { phase: 'none' })
    state.machines.push(made)
    return made
  },
  'machine.enroll': () => ({
    token: 'enr_5nQ0vXK2rT7yB1wE9uPzLdJc4aGh6sMf',
    command: 'pilot join https://pilot.example.com/',
    expires_at: new Date(Date.now() + 900_000).toISOString(),
  }),
  'machine.archive': (state, { machine_id }) =>
    Object.assign(mach(state, machine_id), { state: 'archived', archived_at: new Date().toISOString() }),
  'machine.restore': (state, { machine_id }) =>
    Object.assign(mach(state, machine_id), { state: 'started', archived_at: null }),
  'machine.delete': (state, { machine_id }) => {
    if (mach(state, machine_id).workspaces > 0) throw new PilotError('MACHINE_HAS_WORKSPACES')
    state.machines = state.machines.filter((candidate) => candidate.id !== machine_id)
    return { ok: true }
  },
  'workspace.list': (state, { instance_id, archived }) =>
    page(
      state.workspaces.filter(
        (candidate) => candidate.instance_id === instance_id && (archived || candidate.status !== 'archived'),
      ),
    ),
  'workspace.get': (state, { workspace_slug }) => work(state, workspace_slug),
  'workspace.sessions': (state, { workspace_slug, archived }) =>
    page(
      state.machinesOf
        .get(workspace_slug)
        ?.agent.rows()
        .filter((row) => (row.archived_at !== null) === Boolean(archived)) ?? [],
    ),
  'workspace.create': (state, input) => {
    const of = found(
      state.instances.find((candidate) => candidate.id === input.instance_id),
      'NOT_FOUND',
    )
    if (input.directory === '/missing') {
      throw new PilotError('WORKSPACE_ROOT_INVALID', 'There is no directory /missing on this machine.')
    }
    const on = found(
      state.machines.find((candidate) => candidate.runtime?.id === input.runtime_id),
      'MACHINE_NOT_FOUND',
    )
    const made = workspace(of, on, input.slug ?? slugBase(input.name), {
      name: input.name,
      root_path: input.directory ?? null,
    })
    state.workspaces.push(made)
    return made
  },
  'workspace.rename': (state, { workspace_slug, ...changes }) => Object.assign(work(state, workspace_slug), changes),
  'workspace.archive': (state, { workspace_slug }) =>
    Object.assign(work(state, workspace_slug), { status: 'archived' }),
  'workspace.restore': (state, { workspace_slug }) => Object.assign(work(state, workspace_slug), { status: 'ready' }),
  'workspace.delete': (state, { workspace_slug }) => {
    state.workspaces = state.workspaces.filter((candidate) => candidate.slug !== workspace_slug)
    return { ok: true }
  },
  'slug.resolve': (state, { slug }) => {
    const organizationRow = state.organizations.find((candidate) => candidate.slug === slug)
    if (organizationRow) return { kind: 'organization', id: organizationRow.id, slug, current: true }
    return { kind: 'workspace', id: work(state, slug).id, slug, current: true }
  },
  'slug.available': (state, { slug }) => {
    const problem = checkSlug(slug)
    if (problem) return { available: false, ...problem }
    const taken = [...state.organizations, ...state.workspaces].some((candidate) => candidate.slug === slug)
    return taken
      ? { available: false, code: 'SLUG_TAKEN', message: new PilotError('SLUG_TAKEN').message }
      : { available: true, code: null, message: null }
  },
  'model.get': (state) => state.model,
  'model.set': (state, { provider, model = '', base_url = '', api_key }) => {
    if (api_key === 'refused') throw new PilotError('MODEL_REFUSED')
    state.model = {
      provider,
      model,
      base_url,
      has_key: provider !== 'demo' && (api_key !== undefined || state.model.has_key),
      updated_at: new Date().toISOString(),
    }
    return state.model
  },
  'admin.list_procedures': () => [
    { path: 'organization.list', type: 'query', policy: 'user', input: {} },
    { path: 'machine.enroll', type: 'mutation', policy: 'machine, admin', input: {} },
  ],
  'admin.session_info': () => ({ session_id: newId('session'), stage: 'dev' }),
  'admin.call_procedure': (_, { path }) => ({ result: { called: path } }),
}
