import type { Git } from './run.ts'

/** Who a commit is by, unless the repository itself says otherwise. */
export interface GitIdentity {
  name: string
  email: string
}

/** For machines whose user never told git who they are: a commit must not fail for want of a name. */
export const AGENT_IDENTITY: GitIdentity = { name: 'Pilot agent', email: 'agent@localhost' }

/**
 * The identity that the user of this machine has configured for git, each missing half replaced. `cwd` lies outside of
 * every repository: what one of them says holds for that one alone. Never throws: without git there are no commits.
 */
export async function readGitIdentity(git: Git, cwd: string): Promise<GitIdentity> {
  const get = async (key: string) => {
    const { code, stdout } = await git.run(['config', '--get', key], { cwd, timeoutMs: 5_000, maxBytes: 4_096 })
    return code === 0 ? stdout.toString('utf8').trim() : ''
  }
  try {
    const [name, email] = await Promise.all([get('user.name'), get('user.email')])
    return { name: name || AGENT_IDENTITY.name, email: email || AGENT_IDENTITY.email }
  } catch {
    return AGENT_IDENTITY
  }
}

/** A configuration file with this identity alone. */
export function identityConfig({ name, email }: GitIdentity): string {
  return `[user]\n\tname = ${quoted(name)}\n\temail = ${quoted(email)}\n`
}

const quoted = (value: string): string => `"${value.replaceAll(/[\0\r\n]/g, ' ').replaceAll(/[\\"]/g, '\\$&')}"`
