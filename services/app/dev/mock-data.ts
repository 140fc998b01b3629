import { type Id, newId } from '@pilot/domain/ids'
import type {
  InstanceView,
  MachineView,
  ModelSettingsView,
  OrganizationView,
  UserView,
  WorkspaceView,
} from '@pilot/protocol/api/views'
import type { MockMachine } from './mock-machine.ts'

/** What the mock server answers from. Tests change it to reach a state. */
export interface MockState {
  user: UserView | null
  devLogin: boolean
  providers: { id: string; label: string }[]
  organizations: OrganizationView[]
  instances: InstanceView[]
  machines: MachineView[]
  workspaces: WorkspaceView[]
  /** Machines that answer, by the slug of the workspace. */
  machinesOf: Map<string, MockMachine>
  model: ModelSettingsView
  /** Owner-link secrets that still work. */
  ownerSecrets: string[]
  /** Procedures that fail with INTERNAL. */
  failing: string[]
  /** Procedures that never answer. */
  hanging: string[]
}

const MINUTE = 60_000
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE).toISOString()

export const USER: UserView = {
  id: newId('user'),
  name: 'Mara Lind',
  email: 'mara@example.com',
  image: null,
  role: 'admin',
}

export function emptyState(): MockState {
  return {
    user: null,
    devLogin: false,
    providers: [],
    organizations: [],
    instances: [],
    machines: [],
    workspaces: [],
    machinesOf: new Map(),
    model: { provider: 'demo', model: '', base_url: '', has_key: false, updated_at: null },
    ownerSecrets: [],
    failing: [],
    hanging: [],
  }
}

export function organization(name: string, slug: string): OrganizationView {
  return { id: newId('organization'), name, slug, role: 'owner', created_at: ago(60 * 24 * 40) }
}

export function instance(of: OrganizationView, name: string, slug: string): InstanceView {
  const { id: organization_id, slug: organization_slug } = of
  return {
    id: newId('instance'),
    organization_id,
    organization_slug,
    name,
    slug,
    role: 'owner',
    created_at: ago(60 * 24),
  }
}

export function machine(of: Id<'instance'>, name: string, extra: Partial<MachineView> = {}): MachineView {
  return {
    id: newId('machine'),
    instance_id: of,
    name,
    type: 'manual',
    state: 'started',
    phase: 'active',
    created_at: ago(60 * 24 * 9),
    archived_at: null,
    workspaces: 0,
    runtime: null,
    ...extra,
  }
}

export function runtime(extra: Partial<NonNullable<MachineView['runtime']>> = {}): NonNullable<MachineView['runtime']> {
  return {
    id: newId('runtime'),
    label: 'host',
    online: true,
    last_seen_at: ago(0),
    version: '0.1.0',
    os: 'linux',
    arch: 'x64',
    system: { cpus: 8, ram: 16_000_000_000 },
    load: { cpu: 0.34, memory: 0.61, disk: 0.48 },
    ...extra,
  }
}

export function workspace(
  of: InstanceView,
  on: MachineView,
  slug: string,
  extra: Partial<WorkspaceView> = {},
): WorkspaceView {
  return {
    id: newId('workspace'),
    instance_id: of.id,
    organization_id: of.organization_id,
    organization_slug: of.organization_slug,
    instance_slug: of.slug,
    slug,
    name: slug,
    type: 'local',
    status: 'ready',
    error: null,
    root_path: `/home/mara/projects/${slug}`,
    role: of.role,
    machine: on.runtime
      ? {
          id: on.id,
          name: on.name,
          runtime_id: on.runtime.id,
          online: on.runtime.online,
          last_seen_at: on.runtime.last_seen_at,
        }
      : null,
    sessions: { waiting: 0, working: 0, total: 0 },
    created_at: ago(60 * 30),
    ...extra,
  }
}

/** Everything that a used installation shows at once. */
export function fullState(): MockState {
  const acme = organization('Acme', 'acme')
  const other = organization('Lind Consulting', 'lind')
  const storefront = instance(acme, 'storefront', 'storefront')
  const platform = instance(acme, 'platform', 'platform')
  const mini = machine(storefront.id, 'mini-1', {
    type: 'local',
    workspaces: 3,
    runtime: runtime({ os: 'macOS', arch: 'arm64', system: { cpus: 10 } }),
  })
  const hetzner = machine(storefront.id, 'hetzner-2', {
    workspaces: 2,
    runtime: runtime({ os: 'Debian 12', load: { cpu: 0.12, memory: 0.4, disk: 0.91 } }),
  })
  const away = machine(storefront.id, 'mini-2', {
    workspaces: 1,
    runtime: runtime({ os: 'macOS', arch: 'arm64', online: false, last_seen_at: ago(130), load: null }),
  })
  const fresh = machine(storefront.id, 'burst-7f2', { phase: 'none', created_at: ago(1) })
  return {
    ...emptyState(),
    user: USER,
    organizations: [acme, other],
    instances: [storefront, platform],
    machines: [mini, hetzner, away, fresh],
    workspaces: [
      workspace(storefront, mini, 'web-shop', { sessions: { waiting: 0, working: 2, total: 6 } }),
      workspace(storefront, hetzner, 'billing-api', { sessions: { waiting: 1, working: 0, total: 3 } }),
      workspace(storefront, away, 'docs', { sessions: { waiting: 0, working: 0, total: 1 } }),
      workspace(storefront, mini, 'search', { sessions: { waiting: 0, working: 0, total: 12 } }),
      workspace(storefront, hetzner, 'old-import', {
        status: 'error',
        error: { code: 'WORKSPACE_ROOT_INVALID', message: 'The directory does not exist on hetzner-2.' },
      }),
    ],
  }
}
