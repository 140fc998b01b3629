import { newId } from '@pilot/domain/ids'
import type { TerminalClient } from '@pilot/frontend/terminal/port'
import type { MemberView, OrganizationView, Role, UserView } from '@pilot/protocol/api/views'
import { encodeFrame, FRAME_KIND } from '@pilot/protocol/frame'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Browser } from '../conformance/support/browser.ts'
import type { TestSocket } from '../conformance/support/socket.ts'
import { enroll, redeem } from '../conformance/support/world.ts'
import { FaultReport } from '../support/fault-report.ts'
import { FaultWorld } from '../support/fault-world.ts'
import { LineStream } from '../support/line-stream.ts'
import { makeMember } from '../support/members.ts'
import type { NodeTab } from '../support/node-tab.ts'
import { until } from '../support/pilot.ts'
import { runProduct } from '../support/processes.ts'
import { SEED, seeded } from '../support/random.ts'
import { CountingScreen } from '../support/screens.ts'

/** Whose right ends in mid-stream sees nothing more and types nothing more, on none of their streams. */
const random = seeded(SEED)
/** What is promised: the streams of a subject are closed within this time. */
const PROMISE_MS = 5_000

let world: FaultWorld
let organization: OrganizationView
/** The owner's view of a shell, and of a program that prints all the time. */
let shell: { client: TerminalClient; screen: CountingScreen }
let stream: LineStream

beforeAll(async () => {
  world = await FaultWorld.start(random)
  const [first] = await world.browser.call<OrganizationView[]>('query', 'organization.list')
  if (!first) throw new Error('no organization')
  organization = first
  const tab = world.tab()
  const screen = new CountingScreen()
  shell = { screen, client: tab.attach(await world.openTerminal(), screen) }
  await until('the shell', () => shell.client.get().phase === 'live')
  stream = await LineStream.start(world, tab, { count: 1_000_000, bytesPerSecond: 200_000 })
})
afterAll(async () => {
  await world?.stop()
})

/** Somebody with two tabs and the link of the lists: one tab at the program that prints, one at the shell. */
interface Subject {
  name: string
  browser: Browser
  tabs: [NodeTab, NodeTab]
  screens: [CountingScreen, CountingScreen]
  clients: [TerminalClient, TerminalClient]
  lists: TestSocket
}
async function subject(name: string, browser: Browser): Promise<Subject> {
  const tabs = [world.tab(world.tabs, browser), world.tab(world.tabs, browser)] as const
  const screens = [new CountingScreen(), new CountingScreen()] as const
  const clients = [tabs[0].attach(stream.id, screens[0]), tabs[1].attach(shell.client.id, screens[1])] as const
  const lists = await browser.socket(`api/ws/${organization.id}`)
  await until(
    `${name} to see both`,
    () => screens[0].lines.seen > 100 && clients.every((client) => client.get().phase === 'live'),
  )
  return { name, browser, tabs: [...tabs], screens: [...screens], clients: [...clients], lists }
}

async function person(email: string, role: Role): Promise<Browser> {
  const browser = new Browser(world.browser.url)
  await browser.signIn(email)
  makeMember(world.home, email, role)
  return browser
}
async function memberOf(browser: Browser): Promise<MemberView> {
  const { user } = await browser.call<{ user: UserView }>('query', 'user.session')
  const { items } = await world.browser.call<{ items: MemberView[] }>('query', 'organization.members', {
    organization_slug: organization.slug,
  })
  const found = items.find(({ user_id }) => user_id === user.id)
  if (!found) throw new Error(`${user.email} is no member`)
  return found
}
const member = async (browser: Browser) => ({
  organization_slug: organization.slug,
  member_id: (await memberOf(browser)).id,
})

/** A platform admin who acts as somebody. */
async function impersonator(of: Browser): Promise<Browser> {
  const { output } = await runProduct(['link', '--home', world.home], {})
  const token = /#owner=(\S+)/.exec(output)?.[1]
  const browser = new Browser(world.browser.url)
  expect((await browser.post('api/auth/owner-link/redeem', { token })).status).toBe(200)
  const { user } = await of.call<{ user: UserView }>('query', 'user.session')
  await browser.call('mutation', 'admin.impersonate', { user_id: user.id, reason: 'a support case' })
  return browser
}

const liveStreams = ({ tabs, lists }: Subject): number =>
  tabs.filter(({ state }) => state.status === 'live').length + (lists.closing ? 0 : 1)
/** The streams of a subject that have not ended since then. */
const openSince = ({ tabs, lists }: Subject, since: number): string[] => [
  ...tabs
    .map((tab, index) => ({ tab, name: `tab ${index}` }))
    .filter(({ tab }) => !tab.states.some(({ at, state }) => at >= since && state.status !== 'live'))
    .map(({ name }) => name),
  ...(lists.closing ? [] : ['lists']),
]

let marks = 0
/** Types a word as the owner and waits until the shell has shown it. */
async function mark(): Promise<string> {
  const word = `mark-${marks++}.`
  shell.client.input(word)
  await until(`the ${word}`, () => shell.screen.tail.includes(word))
  return word
}

/**
 * Ends the right of a subject, and proves that with it every stream of theirs ended: before a word that is typed as late
 * as the promise allows, and that they must not see. With `returns` they may come back, with what is true then.
 */
async function cutOff(
  report: FaultReport,
  who: Subject,
  end: () => Promise<unknown>,
  { returns = false } = {},
): Promise<void> {
  expect(liveStreams(who)).toBe(3)
  const began = performance.now()
  const late = new Promise<{ open: string[]; word: string }>((resolve, reject) => {
    setTimeout(() => {
      const open = openSince(who, began)
      mark().then((word) => resolve({ open, word }), reject)
    }, PROMISE_MS)
  })
  await end()
  const closed = () => openSince(who, began).length === 0
  await until(`the streams of: ${who.name}`, () => closed() || performance.now() - began > 2 * PROMISE_MS)
  const detect = performance.now() - began
  report.run({}, { detect })
  report.figures[`${who.name} ms`] = Math.round(detect)
  const seen = who.screens.map(({ bytes }) => bytes)
  if (!returns) for (const client of who.clients) client.input(`typed-by-${who.name}\r`)
  const { open, word } = await late
  expect([who.name, open]).toEqual([who.name, []])
  if (returns) return
  expect(who.screens.map(({ bytes }) => bytes)).toEqual(seen)
  expect(who.screens[1].tail).not.toContain(word)
  expect(shell.screen.tail).not.toContain(`typed-by-${who.name}`)
}

/** Whether the gateway takes another tab of theirs. */
async function welcome({ browser }: Subject): Promise<boolean> {
  const socket = await browser.socket(world.path('ws'))
  const closed = await until('an answer', () => (socket.closing ? 'closed' : socket.messages.length > 0 && 'open'))
  await socket.close()
  return closed === 'open'
}

describe(`rights that end in mid-stream (seed ${SEED})`, () => {
  it('F19: signed out, removed, of a lower role', async () => {
    const report = new FaultReport('F19-people', 'signed out, removed, role lowered in mid-stream')
    const leaver = await subject('signed out', await world.browser.copy())
    const removed = await subject('removed', await person('removed@example.com', 'member'))
    const lowered = await subject('lowered', await person('lowered@example.com', 'admin'))
    const target = await member(removed.browser)
    const below = { ...(await member(lowered.browser)), role: 'member' }
    await Promise.all([
      cutOff(report, leaver, () => leaver.browser.post('api/auth/sign-out', {})),
      cutOff(report, removed, () => world.browser.call('mutation', 'organization.remove_member', target)),
      cutOff(report, lowered, () => world.browser.call('mutation', 'organization.set_role', below), { returns: true }),
    ])
    expect([await welcome(leaver), await welcome(removed), await welcome(lowered)]).toEqual([false, false, true])
    // Nobody else noticed.
    expect(stream.tab.state.status).toBe('live')
    report.finish()
  })

  it('F19: an impersonated sign-in watches only, and its streams end with it', async () => {
    const report = new FaultReport('F19-impersonation', 'impersonation, and its end, in mid-stream')
    const user = await person('user@example.com', 'member')
    const own = await subject('themself', user)
    const watcher = await subject('impersonator', await impersonator(user))
    for (const client of watcher.clients) expect(client.get()).toMatchObject({ phase: 'live', writable: false })
    const terminal_id = shell.client.id
    expect(watcher.clients[1].input('typed-by-client\r')).toBe(false)
    expect(watcher.clients[1].paste('pasted-by-client\r')).toBe(false)
    // Past the page's own code: frames on every channel that may be somebody's, messages, routes.
    const payload = new TextEncoder().encode('typed-by-frame\r')
    for (const { link } of watcher.tabs)
      for (let channel = 1; channel < 64; channel++)
        for (const offset of [0, 1, 9, 10, 11, 12])
          link.terminals.sendFrame(encodeFrame({ kind: FRAME_KIND.terminal_input, channel, offset, payload }))
    await expect(watcher.clients[1].setMode('exclusive', true)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    watcher.clients[1].claimSize()
    const path = world.path('terminal')
    for (const [method, rest, body] of [
      ['POST', '', { id: newId('terminal') }],
      ['POST', `/${terminal_id}/reopen`, {}],
      ['DELETE', `/${terminal_id}?force=1`, null],
    ] as const) {
      const headers = { 'content-type': 'application/json' }
      const answer = await watcher.browser.fetch(path + rest, { method, headers, body: body && JSON.stringify(body) })
      expect([method, rest, answer.status]).toEqual([method, rest, 403])
    }
    const word = await mark()
    await until('the watcher to see it', () => watcher.screens[1].tail.includes(word))
    expect(shell.screen.tail).not.toMatch(/typed-by|pasted-by/)
    expect(await world.terminal(terminal_id)).toMatchObject({ cols: 80, rows: 24, mode: 'shared' })

    await cutOff(report, watcher, () => watcher.browser.call('mutation', 'admin.stop_impersonating'))
    expect(liveStreams(own)).toBe(3)
    expect(await welcome(watcher)).toBe(false)
    // Who acts as somebody loses what that one loses.
    const second = await subject('impersonator of a removed one', await impersonator(user))
    const target = await member(user)
    await Promise.all([
      cutOff(report, own, async () => undefined),
      cutOff(report, second, () => world.browser.call('mutation', 'organization.remove_member', target)),
    ])
    report.finish()
  })

  it.each(['revoked', 'enrolled anew'])('F19: a machine that is %s', async (way) => {
    const report = new FaultReport(`F19-machine-${way.split(' ')[0]}`, `machine ${way} in mid-output`)
    const own = await FaultWorld.start(random)
    try {
      const tab = own.tab()
      const lines = await LineStream.start(own, tab, { count: 1_000_000, bytesPerSecond: 200_000 })
      const began = performance.now()
      if (way === 'revoked') await own.browser.call('mutation', 'machine.revoke', { machine_id: own.machineId })
      else await redeem(own.browser.url, (await enroll(own.browser, own.machineId)).token)
      const closed = await tab.when(began, ({ status }) => status !== 'live')
      expect(closed).toBeLessThan(PROMISE_MS)
      await until('the daemon to stop', () => !own.daemon.running())
      report.run({}, { detect: closed })
      expect(own.daemon.child.exitCode).toBe(0)
      const { bytes } = lines.screen
      expect(lines.client.get().phase).toBe('waiting')
      // Its programs are its user's: they go on, out of reach.
      expect(own.hosts()).toHaveLength(1)
      expect((await own.browser.json(own.path('health'))).status).toBe(503)
      expect(lines.screen.bytes).toBe(bytes)
    } finally {
      await own.stop()
    }
    report.finish()
  })
})
