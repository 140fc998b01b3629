import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AGENT_IDENTITY, identityConfig, readGitIdentity } from './identity.ts'
import { createGit } from './run.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pilot-identity-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const git = (binary = 'git') => createGit({ binary, environment: { PATH: process.env.PATH, HOME: home } })

it("reads the user's own, and fills in each half that is missing", async () => {
  expect(await readGitIdentity(git(), home)).toEqual(AGENT_IDENTITY)
  writeFileSync(join(home, '.gitconfig'), '[user]\n\tname = Ann\n')
  expect(await readGitIdentity(git(), home)).toEqual({ name: 'Ann', email: AGENT_IDENTITY.email })
})

it('is no obstacle where git is missing', async () => {
  expect(await readGitIdentity(git(join(home, 'no-git')), home)).toEqual(AGENT_IDENTITY)
})

it.each([
  ['Ann "the \\ boss" Müller # ; x', 'ann@example.test'],
  ['two\nlines', 'a@b.test'],
])('writes %j so that git reads it back', async (name, email) => {
  writeFileSync(join(home, '.gitconfig'), identityConfig({ name, email }))
  expect(await readGitIdentity(git(), home)).toEqual({ name: name.replaceAll('\n', ' '), email })
})

it('lets a repository say otherwise', () => {
  writeFileSync(join(home, '.gitconfig'), identityConfig({ name: 'Ann', email: 'ann@example.test' }))
  const inHome = { cwd: home, env: { PATH: process.env.PATH ?? '', HOME: home }, encoding: 'utf8' } as const
  execFileSync('git', ['init', '-q'], inHome)
  execFileSync('git', ['config', 'user.email', 'ann@work.test'], inHome)
  execFileSync('git', ['commit', '-q', '--allow-empty', '-m', 'x'], inHome)
  expect(execFileSync('git', ['log', '-1', '--format=%an <%ae> %cn <%ce>'], inHome).trim()).toBe(
    'Ann <ann@work.test> Ann <ann@work.test>',
  )
})
