import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The page with the link is deleted after this time: a browser has read it by then. */
const PAGE_MS = 15_000

/**
 * Opens the sign-in link in the user's browser where there is a desktop. The link holds a secret, and a command line can
 * be read by every process, so the browser is given a private file that leads on to the link. Never throws.
 */
export function openBrowser(link: string, home: string): { opened: boolean; cleanup: () => void } {
  const none = { opened: false, cleanup: () => {} }
  const mac = process.platform === 'darwin'
  if (!mac && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return none
  const opener = Bun.which(mac ? 'open' : 'xdg-open')
  if (!opener) return none
  const file = join(home, 'sign-in.html')
  const cleanup = () => rmSync(file, { force: true })
  try {
    const target = JSON.stringify(link).replaceAll('<', '\\u003c')
    writeFileSync(
      file,
      `<!doctype html><meta charset="utf-8"><title>Pilot</title><script>location.replace(${target})</script>`,
      {
        mode: 0o600,
      },
    )
    Bun.spawn([opener, file], { stdin: 'ignore', stdout: 'ignore', stderr: 'ignore' }).unref()
    const timer = setTimeout(cleanup, PAGE_MS)
    timer.unref()
    return { opened: true, cleanup }
  } catch {
    cleanup()
    return none
  }
}
