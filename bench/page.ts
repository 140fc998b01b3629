import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { type Figure, main, median, paired } from './support/figures.ts'
import { control, pilotWithWorkspace } from './support/pilot.ts'
import { freePort, type Scope, scoped } from './support/program.ts'

const ROUNDS = 5
const QUIET = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync']

/** Slow 4G as browsers' own tools define it: 1.6 Mbit/s down, 750 kbit/s up, 150 ms, with the page's CPU four times slower. */
const SLOW_4G = { offline: false, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8, latency: 150 }

interface Profile {
  name: string
  context: BrowserContextOptions
  slow: boolean
}
const PROFILES: Profile[] = [
  { name: 'desktop', context: { viewport: { width: 1440, height: 900 } }, slow: false },
  { name: 'phone', context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }, slow: true },
]

/**
 * What a first visit costs, before a terminal, editor or diff is opened: JavaScript, requests and the time until the
 * heading is shown and the input can be typed into. Beside it a page of the same look made of one small document.
 */
export async function run(): Promise<Figure[]> {
  return scoped(async (scope) => {
    const { home, pilot, client } = await pilotWithWorkspace(scope)
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const executablePath = process.env.PILOT_TEST_BROWSER
    const browser = await chromium.launch({
      ...(executablePath ? { executablePath } : {}),
      args: [...QUIET, ...sandbox],
    })
    scope.defer(() => browser.close())
    const origin = new URL(pilot.link).origin
    const signedIn = await signedInState(browser, home)
    const bare = await serveBarePage(scope)
    const slug = client.base.slice(client.base.lastIndexOf('/') + 1)
    const pages = [
      { name: 'login page', url: `${origin}/login`, input: false },
      { name: 'first task page', url: `${origin}/${slug}/new`, input: true, storageState: signedIn },
    ]

    const figures: Figure[] = []
    for (const { name, url, input, storageState } of pages) {
      for (const profile of PROFILES) {
        const pairs: [number, number][] = []
        const visits: Visit[] = []
        for (let round = 0; round < ROUNDS; round++) {
          const visit = await visitPage(browser, profile, { ...profile.context, storageState }, url, input)
          const reference = await visitPage(browser, profile, profile.context, bare, input)
          visits.push(visit)
          pairs.push([visit.usableMs, reference.usableMs])
        }
        const base = { bench: 'page', runs: ROUNDS }
        const label = `${name}, ${profile.name}`
        const of = (pick: (visit: Visit) => number) => median(visits.map(pick))
        figures.push(
          paired({ bench: 'page', name: `${label}, usable`, unit: 'ms', reference: 'one bare document' }, pairs),
          { ...base, name: `${label}, main thread blocked`, unit: 'ms', value: of((visit) => visit.blockedMs) },
        )
        if (profile.slow) continue
        const gzip = of((visit) => visit.gzip)
        figures.push(
          {
            ...base,
            name: `${name}, JavaScript gzipped`,
            unit: 'kB',
            value: gzip,
            aim: { text: 'under 200 kB', met: gzip < 200 },
          },
          { ...base, name: `${name}, everything on the wire`, unit: 'kB', value: of((visit) => visit.wire) },
          {
            ...base,
            name: `${name}, requests`,
            unit: '',
            value: of((visit) => visit.requests),
            aim: { text: 'at most 15', met: of((visit) => visit.requests) <= 15 },
          },
        )
      }
    }
    return figures
  })
}

interface Visit {
  /** From the start of the navigation until heading and input are there. */
  usableMs: number
  /** Tasks of the page: what each took beyond 50 ms. */
  blockedMs: number
  /** kB (1,000 bytes): all JavaScript, each file compressed with gzip -9. */
  gzip: number
  wire: number
  requests: number
}

/** The cookies of somebody who has just signed in. */
async function signedInState(browser: Browser, home: string) {
  const { url } = (await control(home, '/owner-link', {})) as { url: string }
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(url)
  await page.waitForURL((now) => !now.pathname.startsWith('/login'))
  const state = await context.storageState()
  await context.close()
  return state
}

async function visitPage(
  browser: Browser,
  profile: Profile,
  options: BrowserContextOptions,
  url: string,
  input: boolean,
): Promise<Visit> {
  const context = await browser.newContext(options)
  try {
    const page = await context.newPage()
    await page.addInitScript(watchPage, input)
    const traffic = await record(context, page, profile.slow)
    await page.goto(url, { waitUntil: 'commit' })
    const usableMs = await page.waitForFunction(() => (window as Watched).benchUsableAt).then((at) => at.jsonValue())
    // What the page goes on to load by itself belongs to the first visit.
    await page.waitForLoadState('networkidle')
    const blockedMs = await page.evaluate(() => (window as Watched).benchBlocked ?? 0)
    return { usableMs: usableMs ?? Number.NaN, blockedMs, ...(await traffic()) }
  } finally {
    await context.close()
  }
}

type Watched = Window & { benchUsableAt?: number; benchBlocked?: number }

/** Runs in the page before anything else. */
function watchPage(input: boolean): void {
  const watched = window as Watched
  watched.benchBlocked = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) watched.benchBlocked = (watched.benchBlocked ?? 0) + duration - 50
  }).observe({ type: 'longtask', buffered: true })
  const shown = (selector: string) =>
    [...document.querySelectorAll(selector)].some((element) => {
      const { width, height } = element.getBoundingClientRect()
      return width > 0 && height > 0
    })
  const look = () => {
    if (shown('h1, h2') && (!input || shown('textarea:not(:disabled)'))) watched.benchUsableAt = performance.now()
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** Counts what crosses the network; applies the slow profile. */
async function record(context: BrowserContext, page: Page, slow: boolean) {
  const cdp = await context.newCDPSession(page)
  await cdp.send('Network.enable')
  if (slow) {
    await cdp.send('Network.emulateNetworkConditions', SLOW_4G)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 })
  }
  let wire = 0
  let requests = 0
  const scripts: Promise<number>[] = []
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    wire += encodedDataLength
  })
  page.on('response', (response) => {
    if (response.url().startsWith('data:')) return
    requests += 1
    if (response.request().resourceType() !== 'script') return
    scripts.push(response.body().then((body) => gzipSync(body, { level: 9 }).length))
  })
  return async () => {
    const sizes = await Promise.all(scripts)
    return { gzip: sizes.reduce((sum, size) => sum + size, 0) / 1_000, wire: wire / 1_000, requests }
  }
}

/** The least that such a page can be: one document with a heading and an input. */
async function serveBarePage(scope: Scope): Promise<string> {
  const port = await freePort()
  const html = '<!doctype html><title>bare</title><h1>What should be done?</h1><textarea></textarea>'
  const server = createServer((_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(html),
  )
  server.listen(port, '127.0.0.1')
  scope.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${port}/`
}

if (import.meta.main) await main(run)
