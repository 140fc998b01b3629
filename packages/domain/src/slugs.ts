import { PilotError } from './errors.ts'

/** Characters of a slug. One address is typed, spoken and pasted: lower-case ASCII only. */
export const SLUG_LENGTH = { min: 2, max: 63 } as const
const PATTERN = /^[a-z0-9]+(?:-[a-z0-9]+)*$/
const BASE_LENGTH = 40
const RANDOM_LENGTH = 6
// 32 characters, so that five bits of a random byte choose one evenly; without i, l, o and 1, which look alike.
const RANDOM_ALPHABET = 'abcdefghjkmnpqrstuvwxyz023456789'

/** First path segments that are not an organization or a workspace. */
export const RESERVED_ROOT_SLUGS: ReadonlySet<string> = new Set([
  ...['login', 'logout', 'signin', 'signup', 'auth', 'user', 'admin', 'device', 'invite', 'new', 'new-organization'],
  ...['api', 'rt', 'gw', 'mgmt', 'ws', 'assets', 'static', 'health', 'healthz', 'readyz', 'well-known'],
  ...['inbox', 'workspaces', 'machines', 'events', 'settings', 'team', 'connectors', 'organizations', 'instances'],
])

/** Second path segments of an organization or a workspace that are not an instance. */
export const RESERVED_INSTANCE_SLUGS: ReadonlySet<string> = new Set([
  ...['settings', 'team', 'members', 'connectors', 'machines', 'workspaces', 'events', 'secrets', 'audit', 'invite'],
  ...['new', 'inbox', 'sessions', 'terminal', 'terminals', 'files', 'git', 'resources', 'health', 'instances'],
])

export type SlugScope = 'root' | 'instance'
export type SlugProblem = { code: 'VALIDATION_FAILED' | 'SLUG_RESERVED'; message: string }

/** Equal for texts that look alike in ASCII, such as `l0gin` and `login`. */
function skeleton(slug: string): string {
  return slug.replaceAll('rn', 'm').replaceAll('vv', 'w').replaceAll('0', 'o').replaceAll(/[1i]/g, 'l')
}

const RESERVED_SKELETONS: Record<SlugScope, ReadonlySet<string>> = {
  root: new Set([...RESERVED_ROOT_SLUGS].map(skeleton)),
  instance: new Set([...RESERVED_INSTANCE_SLUGS].map(skeleton)),
}

/** What is wrong with a chosen slug, or null. Nothing is repaired silently: people see the address that they get. */
export function checkSlug(value: string, scope: SlugScope = 'root'): SlugProblem | null {
  const invalid = (message: string): SlugProblem => ({ code: 'VALIDATION_FAILED', message })
  if (value.length < SLUG_LENGTH.min) return invalid(`An address needs at least ${SLUG_LENGTH.min} characters.`)
  if (value.length > SLUG_LENGTH.max) return invalid(`An address has at most ${SLUG_LENGTH.max} characters.`)
  if (/[^ -~]/.test(value)) {
    const looksLike = value.normalize('NFKC')
    const plain = /^[ -~]*$/.test(looksLike)
    return invalid(
      plain
        ? `This address holds characters that only look like "${looksLike.toLowerCase()}". Type it with plain letters.`
        : 'An address is made of the letters a to z, digits and hyphens only.',
    )
  }
  if (!PATTERN.test(value)) {
    return invalid('Use lower-case letters a to z, digits and single hyphens; start and end with a letter or digit.')
  }
  if (RESERVED_SKELETONS[scope].has(skeleton(value))) {
    return {
      code: 'SLUG_RESERVED',
      message: `"${value}" is reserved, or looks like a reserved address. Choose another.`,
    }
  }
  return null
}

/** A slug that a person chose. Throws VALIDATION_FAILED or SLUG_RESERVED with a sentence for the form. */
export function parseSlug(value: string, scope: SlugScope = 'root'): string {
  const problem = checkSlug(value, scope)
  if (problem) throw new PilotError(problem.code, problem.message, { field: 'slug' })
  return value
}

/** The ASCII part of a name, such as `cafe-no-1` for "Café №1"; empty when nothing of it is ASCII. */
export function slugBase(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, BASE_LENGTH)
    .replaceAll(/^-+|-+$/g, '')
}

/** A free-looking slug for a name: its ASCII part, a hyphen and six random characters. Never reserved. */
export function generateSlug(name: string): string {
  const random = Array.from(
    crypto.getRandomValues(new Uint8Array(RANDOM_LENGTH)),
    (byte) => RANDOM_ALPHABET[byte % RANDOM_ALPHABET.length],
  ).join('')
  return `${slugBase(name) || 'space'}-${random}`
}
