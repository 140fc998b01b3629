import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { CHROMIUM_ARGS } from './browser.ts'
import { until } from './pilot.ts'

/**
 * A browser whose pages are hidden when another one is in front, and that can be frozen. In every other browser of the
 * tests each page is told that it has the focus, which keeps all of them visible.
 */
export interface RealWindows {
  context: BrowserContext
  close(): Promise<void>
}

export async function launchRealWindows(): Promise<RealWindows> {
  const profile = realpathSync(mkdtempSync(join(tmpdir(), 'pilot-profile-')))
  const program = process.env.PILOT_TEST_BROWSER ?? chromium.executablePath()
  const args = ['--headless=new', '--remote-debugging-port=0', `--user-data-dir=${profile}`, ...CHROMIUM_ARGS]
  const child: ChildProcess = spawn(program, [...args, 'about:blank'], { stdio: 'ignore' })
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the browser ended with ${code}`)))
  })
  const stop = async () => {
    if (child.pid && child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await gone
      clearTimeout(timer)
    }
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  }
  try {
    const portFile = join(profile, 'DevToolsActivePort')
    const port = await Promise.race([failed, until('the browser', () => readFileSync(portFile, 'utf8').split('\n')[0])])
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
    const [context] = browser.contexts()
    if (!context) throw new Error('the browser has no window')
    const close = async () => {
      await browser.close()
      await stop()
    }
    return { context, close }
  } catch (cause) {
    await stop()
    throw cause
  }
}

export const isHidden = (page: Page, hidden: boolean) =>
  until(`the page to be ${hidden ? 'hidden' : 'visible'}`, () =>
    page.evaluate((wanted) => (document.visibilityState === 'hidden') === wanted, hidden),
  )

/** Makes a page of such a browser that of a phone, with fingers. */
export async function asPhone(page: Page, { width, height }: { width: number; height: number }): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 2, mobile: true })
  await cdp.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 5 })
  return cdp
}

/** What a phone does with the page of another app in front: it is hidden, and runs no more, until `thaw`. */
export const freeze = (cdp: CDPSession) => cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
export const thaw = (cdp: CDPSession) => cdp.send('Page.setWebLifecycleState', { state: 'active' })
