import { shortName } from '../short-name.ts'

/** Lines of history that tmux keeps for each of our sessions; it has to be set before the pane is made. */
const HISTORY = 50_000
/** Lines of history that a first picture shows. */
export const PICTURE_HISTORY = 5_000
const SOCKET_PATH_MAX = 100

/** The socket of our own tmux server, which serves every terminal below `root`. */
export function tmuxServerPath(root: string, temporary: string): string {
  const near = `${root}/tmux`
  if (Buffer.byteLength(near) <= SOCKET_PATH_MAX) return near
  return `${temporary}/pilot-${shortName(root)}/tmux`
}

/** Arguments that select a server: ours, with nobody's configuration, or the one that the user has. */
export const serverArguments = (server: string | null) => (server === null ? [] : ['-S', server, '-f', '/dev/null'])

/** Names of variables only: their values reach tmux as the environment of the client, where nobody else reads them. */
export function newSessionArguments(options: {
  session: string
  cwd: string
  cols: number
  rows: number
  env: Record<string, string>
  argv: string[]
}): string[] {
  const { session, cwd, cols, rows, env, argv } = options
  const set = (name: string, value: string) => ['set-option', '-g', name, value, ';']
  return [
    ...['start-server', ';'],
    ...set('history-limit', String(HISTORY)),
    ...set('status', 'off'),
    ...set('default-terminal', 'tmux-256color'),
    ...set('update-environment', Object.keys(env).join(' ')),
    ...['set-option', '-s', 'escape-time', '20', ';'],
    ...['set-option', '-s', 'set-clipboard', 'off', ';'],
    ...['new-session', '-d', '-s', session, '-x', String(cols), '-y', String(rows), '-c', cwd, '--', ...argv, ';'],
    // Whoever opens the session from elsewhere changes nothing of it.
    ...['set-option', '-g', 'update-environment', ''],
  ]
}

/** `-E`: the session keeps the environment that it was started with, whatever this client has. */
export const attachArguments = (target: string) => ['-C', 'attach-session', '-E', '-t', target]

/** Bytes as the program of a pane gets them, in commands of a length that tmux takes. */
export function inputCommands(pane: string, bytes: Uint8Array): string[] {
  const commands: string[] = []
  for (let at = 0; at < bytes.length; at += 512) {
    const codes = [...bytes.subarray(at, at + 512)].map((byte) => byte.toString(16))
    commands.push(`send-keys -t ${pane} -H ${codes.join(' ')}`)
  }
  return commands
}

const FIELDS = [
  'pane_id',
  'pane_pid',
  'pane_tty',
  'pane_width',
  'pane_height',
  'cursor_x',
  'cursor_y',
  'alternate_on',
  'cursor_flag',
  'insert_flag',
  'keypad_cursor_flag',
  'keypad_flag',
  'mouse_standard_flag',
  'mouse_button_flag',
  'mouse_all_flag',
  'mouse_sgr_flag',
  'wrap_flag',
  'scroll_region_upper',
  'scroll_region_lower',
] as const
export type PaneFields = Record<(typeof FIELDS)[number], string>

/** Asks for everything that a picture needs beside the cells. */
export const paneQuery = (target: string) =>
  `display-message -p -t ${target} "${FIELDS.map((field) => `#{${field}}`).join(' ')}"`

/** Null when the answer is none. */
export function parsePane(line: string | undefined): PaneFields | null {
  const values = line?.split(' ') ?? []
  if (values.length !== FIELDS.length || !/^%\d+$/.test(values[0] ?? '')) return null
  return Object.fromEntries(FIELDS.map((field, index) => [field, values[index] ?? ''])) as PaneFields
}

/** A pane's cells with their colours, and its history. */
export const captureCommand = (target: string) => `capture-pane -p -e -S -${PICTURE_HISTORY} -t ${target}`

/**
 * What draws a pane on a screen in any state. tmux does not tell the title, focus reports and bracketed paste, nor the
 * cells behind the alternate screen: those come back when the program says them again.
 */
export function pictureOf(pane: PaneFields, captured: string[]): string {
  const on = (field: keyof PaneFields) => pane[field] === '1'
  const mode = (number: number, set: boolean) => `\x1b[?${number}${set ? 'h' : 'l'}`
  const mouse = on('mouse_all_flag') ? 1003 : on('mouse_button_flag') ? 1002 : on('mouse_standard_flag') ? 1000 : null
  const upper = Number(pane.scroll_region_upper)
  const lower = Number(pane.scroll_region_lower)
  const region = upper > 0 || lower < Number(pane.pane_height) - 1 ? `\x1b[${upper + 1};${lower + 1}r` : ''
  return [
    '\x1bc',
    on('alternate_on') ? mode(1049, true) : '',
    captured.slice(on('alternate_on') ? -Number(pane.pane_height) : 0).join('\x1b[0m\r\n'),
    '\x1b[0m',
    region,
    `\x1b[${Number(pane.cursor_y) + 1};${Number(pane.cursor_x) + 1}H`,
    on('cursor_flag') ? '' : mode(25, false),
    on('insert_flag') ? '\x1b[4h' : '',
    on('keypad_cursor_flag') ? mode(1, true) : '',
    on('keypad_flag') ? '\x1b=' : '',
    mouse === null ? '' : mode(mouse, true),
    on('mouse_sgr_flag') ? mode(1006, true) : '',
    on('wrap_flag') ? '' : mode(7, false),
  ].join('')
}

/** Width and height of a window, from the layout that tmux tells when it changes. */
export function layoutSize(layout: string | undefined): { cols: number; rows: number } | null {
  const [, cols, rows] = /^[0-9a-f]+,(\d+)x(\d+)/.exec(layout ?? '') ?? []
  return cols && rows ? { cols: Number(cols), rows: Number(rows) } : null
}

/** True for a tmux that speaks the control mode that is needed here. */
export function isSupported(version: string): boolean {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(version) ?? []
  return version.includes('master') || Number(major) * 100 + Number(minor) >= 302
}

/** What a person types elsewhere to open the same session: `home` only when it is not the usual one. */
export function tmuxAttachCommand(server: string | null, session: string): string {
  return ['tmux', ...(server === null ? [] : ['-S', quote(server)]), 'attach', '-t', quote(`=${session}`)].join(' ')
}

/** What a person types elsewhere to open a terminal that a process of its own holds. */
export function pilotAttachCommand(terminalId: string, home: string | null): string {
  return ['pilot', 'attach', terminalId, ...(home === null ? [] : ['--home', quote(home)])].join(' ')
}

const quote = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`)
