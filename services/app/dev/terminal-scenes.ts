import type { Page } from 'playwright-core'
import { fullState, type MockState } from './mock-data.ts'
import { MockMachine } from './mock-machine.ts'
import { MockRuntime } from './mock-runtime.ts'
import { MockTerminals } from './mock-terminals.ts'

/** One page in one state, of which pictures are taken. */
export interface Scene {
  name: string
  path: string
  state: () => MockState
  /** What has to be seen before the picture is taken. */
  ready: string
  act?: (page: Page) => Promise<void>
  /** Failed requests that belong to the scene. */
  expected?: RegExp
}

/** A used installation whose web-shop has a machine that answers. */
function withMachine(change: (machine: MockMachine) => void = () => undefined): () => MockState {
  return () => {
    const state = fullState()
    const workspace = state.workspaces.find(({ slug }) => slug === 'web-shop')
    if (!workspace) throw new Error('the workspace is missing')
    const machine = new MockMachine(new MockRuntime(workspace.id), new MockTerminals(workspace.id).fill())
    change(machine)
    state.machinesOf.set('web-shop', machine)
    return state
  }
}

const isPhone = (page: Page) => (page.viewportSize()?.width ?? 0) < 768

/** Goes to one terminal: its tab on a desktop, its card on a phone. */
async function open(page: Page, name: string): Promise<void> {
  if (isPhone(page)) await page.getByRole('link', { name: new RegExp(name) }).click()
  else await page.getByRole('tab', { name: new RegExp(name) }).click()
  await page.getByRole('group', { name }).filter({ visible: true }).waitFor()
  await page
    .getByText(/Live ·/)
    .filter({ visible: true })
    .first()
    .waitFor()
  await drawn(page)
}

/** The emulator has drawn what came: nothing changes on its canvas or in its rows any more. */
async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.xterm-screen') !== null)
  await page.evaluate(async () => {
    for (let frame = 0; frame < 20; frame++) await new Promise((resolve) => requestAnimationFrame(resolve))
  })
}

const menu = async (page: Page, item: string) => {
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

export const TERMINAL_SCENES: Scene[] = [
  { name: 'terminals', path: '/web-shop/terminal', state: withMachine(), ready: 'text=dev server' },
  {
    name: 'terminal',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: (page) => open(page, 'dev server'),
  },
  {
    name: 'terminal-colours',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: (page) => open(page, 'zsh: ~/web-shop'),
  },
  {
    name: 'terminal-ended',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'build')
      await page.getByRole('button', { name: 'Open again' }).filter({ visible: true }).waitFor()
    },
  },
  {
    name: 'terminal-find',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'build')
      if (isPhone(page)) await menu(page, 'Find in the output')
      else await page.getByRole('button', { name: 'Find in the output' }).click()
      await page.getByRole('textbox', { name: 'Find in the output' }).fill('chunk-1')
      await page
        .getByText(/ of 16/)
        .waitFor({ timeout: 4_000 })
        .catch(() => undefined)
      await drawn(page)
    },
  },
  {
    name: 'terminal-split',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'dev server')
      if (isPhone(page)) return
      await page.getByRole('button', { name: 'Split to the right' }).click()
      await page.getByRole('separator', { name: 'Size of the split' }).waitFor()
      await page.keyboard.type('git status')
      await drawn(page)
    },
  },
  {
    name: 'terminal-paste',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'zsh: ~/web-shop')
      await page.evaluate(() => {
        const data = new DataTransfer()
        data.setData('text/plain', 'git fetch\ngit rebase origin/main\npnpm install\u001b[201~\n')
        const field = document.querySelector('input[aria-label="Type into the terminal"]')
        const target = field ?? document.querySelector('.xterm-helper-textarea:not([readonly])')
        target?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
      })
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'terminal-new-menu',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await page.getByRole('button', { name: 'New terminal' }).click()
      await page.getByText('Install Codex').waitFor()
    },
  },
  {
    name: 'terminal-options',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await page.getByRole('button', { name: 'New terminal' }).click()
      await page.getByRole('menuitem', { name: 'With options…' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'terminal-menu',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'dev server')
      await page.getByRole('button', { name: 'More actions' }).click()
      await page.getByText('Larger text').waitFor()
    },
  },
  {
    name: 'terminal-close',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'dev server')
      await menu(page, 'End and close…')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'terminal-exclusive',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'dev server')
      await menu(page, 'Let only me type')
      await page.getByRole('button', { name: 'Take over' }).filter({ visible: true }).waitFor()
    },
  },
  {
    name: 'terminal-select',
    path: '/web-shop/terminal',
    state: withMachine(),
    ready: 'text=dev server',
    act: async (page) => {
      await open(page, 'dev server')
      if (!isPhone(page)) return
      await page.getByRole('button', { name: 'Select text' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'terminal-empty',
    path: '/web-shop/terminal',
    state: withMachine((machine) => {
      Object.assign(machine, { terminals: new MockTerminals(machine.terminals.workspace) })
    }),
    ready: 'text=No terminal yet',
    act: async (page) => {
      await page.getByText('Install Codex').waitFor()
    },
  },
  {
    name: 'terminal-unsupported',
    path: '/web-shop/terminal',
    state: withMachine((machine) => {
      machine.terminals.unsupported = true
    }),
    ready: 'text=This machine has no terminals',
    expected: /501/,
  },
  {
    name: 'terminal-offline',
    path: '/web-shop/terminal',
    state: withMachine((machine) => {
      machine.agent.online = false
    }),
    ready: 'text=dev server',
    act: async (page) => {
      if (isPhone(page)) await page.getByRole('link', { name: /dev server/ }).click()
      await page
        .getByText(/offline since/)
        .filter({ visible: true })
        .first()
        .waitFor()
    },
    expected: /503/,
  },
  {
    name: 'terminal-gone',
    path: '/web-shop/terminal/term_01h455vb4pex5vsknk084sn02q',
    state: withMachine(),
    ready: 'text=This terminal was closed',
  },
]
