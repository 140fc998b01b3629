import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const bun = join(root, 'node_modules', '@oven', `bun-${process.platform}-${process.arch === 'x64' ? 'x64' : 'aarch64'}`)
const home = mkdtempSync(join(tmpdir(), 'pilot-serve-'))
let report: Record<string, unknown>

beforeAll(async () => {
  const program = join(import.meta.dirname, 'serve.fixture.ts')
  const { stdout } = await promisify(execFile)(join(bun, 'bin', 'bun'), [program, home], { timeout: 60_000 })
  report = JSON.parse(stdout)
}, 90_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

it('keeps its data to its owner', () => {
  expect(report.modes).toEqual(['700', '600', '600', '600'])
})

it('answers on its control socket, and does not offer it over the network', () => {
  expect(report.status).toMatchObject({ url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/), version: '0.1.0' })
  expect(report.control).toBe(404)
})

it('does not start twice on the same data, and names the next free port instead of taking it', () => {
  expect(report.second).toMatch(/^CONFLICT A gateway is already running on this data directory/)
  expect(report.taken).toMatch(/^CONFLICT Port \d+ is taken by another program\. Free it, or start with --port \d+\.$/)
})

it('remembers who was signed in over a restart, and is silent in between', () => {
  expect([report.before, report.stopped, report.after]).toEqual(['ann@example.test', 'silent', 'ann@example.test'])
})

it('refuses a forged host, an unsafe listener, and development where others can reach it', () => {
  expect(report.forgedHost).toBe(403)
  expect(report.unsafe).toMatch(/^VALIDATION_FAILED .*PILOT_BASE_URL/)
  expect(report.devInPublic).toMatch(/^VALIDATION_FAILED .*this computer only/)
})

it('refuses data of a newer version and says so', () => {
  expect(report.newer).toMatch(/^UPGRADE_REQUIRED .*newer version/)
})
