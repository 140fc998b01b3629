import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { COLS, FIXTURES, ROWS } from './fixtures.ts'

/**
 * Records what real programs write to a terminal, for the tests of this directory:
 *
 *   node tests/fidelity/record.ts [name…]
 *
 * Needs `script`, vim, less, tmux, and htop (HTOP names another one) on Linux. The recordings are checked in: they are
 * the same in every run of the tests.
 */
interface Recording {
  name: string
  command: string
  /** Typed one after the other, each after the program has been quiet for a moment. */
  keys: string[]
  files?: Record<string, string>
}

const QUIET_MS = 250
const ESC = '\u001b'
const SAMPLE = Array.from({ length: 300 }, (_, i) => `${i}: const value${i} = "größe 漢字 ${'x'.repeat(i % 60)}"`).join(
  '\n',
)
const tmux = (name: string) => `tmux -f tmux.conf -S ${name}.sock`

const RECORDINGS: Recording[] = [
  {
    name: 'vim',
    command: 'vim -u NONE -N +"set nu nomodeline t_u7= t_RB= t_RF= mouse=a" +"syntax on" sample.ts',
    keys: [
      '50G',
      ':set hlsearch\r/value7\r',
      'n',
      'yy10p',
      ':vsplit\r',
      `iadded text\r${ESC}`,
      '\u0006',
      ':resize 8\r',
      'u',
    ],
    files: { 'sample.ts': SAMPLE },
  },
  {
    name: 'less',
    command: 'less -R sample.ts',
    keys: [' ', ' ', 'b', '/value9\r', 'n', 'G', 'g', '40j'],
    files: { 'sample.ts': SAMPLE },
  },
  {
    name: 'htop',
    command: 'sleep 60 & A=$!; sleep 61 & HOME=$PWD exec $HTOP -d 3 -p $A,$!',
    keys: ['', `${ESC}[B`, 't', '', ''],
  },
  {
    name: 'tmux-in-tmux',
    command: `${tmux('outer')} new -s outer`,
    keys: [
      `TMUX= ${tmux('inner')} new -s inner\r`,
      '\u0002\u0002%',
      'seq 1 200\r',
      '\u0002"',
      'ls -l --color=always\r',
      '\u0002o',
      '\u0002\u0002o',
      'printf "\\033[31mred\\033[0m 漢字\\n"\r',
      '\u0002\u0002z',
    ],
    files: {
      'tmux.conf':
        'set -g status-left "pilot "\nset -g status-right ""\nset -g default-terminal screen-256color\nset -g default-command "env -i PATH=/usr/bin:/bin TERM=screen-256color PS1=prompt\\\\> bash --norc --noprofile"\n',
    },
  },
  { name: 'colour', command: 'sh colour.sh', keys: [], files: { 'colour.sh': colourScript() } },
  { name: 'characters', command: 'cat characters.txt', keys: [], files: { 'characters.txt': characters() } },
  { name: 'left-behind', command: 'cat left-behind.txt', keys: [], files: { 'left-behind.txt': leftBehind() } },
  { name: 'modes', command: 'cat modes.txt', keys: [], files: { 'modes.txt': modes() } },
]

/** Every shade of a 24-bit ramp, the 256 colours, and every attribute with every underline. */
function colourScript(): string {
  const lines: string[] = []
  for (let i = 0; i < 300; i++) {
    const cells = Array.from(
      { length: 20 },
      (_, j) => `\\033[48;2;${(i * 7) % 256};${j * 12};${255 - j * 12}m\\033[38;5;${(i + j) % 256}m ${j % 10}`,
    )
    lines.push(
      `printf '${cells.join('')}\\033[0m \\033[${1 + (i % 9)}mattr\\033[0;4:${1 + (i % 5)};58;2;9;200;9munder\\033[0m\\n'`,
    )
  }
  return lines.join('\n')
}

/** Wide, combining, joined, ambiguous and invalid characters, at line ends too. */
function characters(): string {
  const samples = [
    '漢字かな交じり文',
    'e\u0301a\u0308o\u0302',
    '👩‍👩‍👧‍👦 👍🏽 🇩🇪',
    'ﷺ العربية עברית',
    'ｆｕｌｌ',
    'a\u200bb\u00adc',
    '─│┌┐▀▄█░',
    'ก็ที่',
  ]
  return Array.from(
    { length: 400 },
    (_, i) => `${'.'.repeat(i % 79)}${samples[i % samples.length]}${samples[(i * 3) % samples.length]}`,
  ).join('\n')
}

/** Modes, regions, charsets, tabs, titles, links, saved cursors, both screens, in an order that leaves most of them set. */
function modes(): string {
  const text = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `line ${from + i} ${'·'.repeat((from + i) % 50)}`).join('\r\n')
  return [
    text(0, 120),
    `${ESC}]0;first title\u0007${ESC}]8;;https://example.com/\u0007a link${ESC}]8;;\u0007`,
    `${ESC}[?1049h${ESC}[2J${ESC}[H${text(200, 30)}${ESC}[?1049l`,
    text(300, 60),
    `${ESC}[3g${ESC}[5G${ESC}H${ESC}[17G${ESC}H\r\n\ttab\ttab`,
    `${ESC}(0lqqqqk${ESC}(B${ESC})0\u000exx\u000f`,
    `${ESC}[5;15r${ESC}[5;1H${text(400, 40)}${ESC}[?6h${ESC}[2;3Hin the region${ESC}7`,
    `${ESC}[?2004h${ESC}[?1000h${ESC}[?1002h${ESC}[?1006h${ESC}[?1004h${ESC}[?1h${ESC}=${ESC}[?7l${'w'.repeat(120)}${ESC}[?7h`,
    `${ESC}[4h${ESC}[2;1Hinserted${ESC}[4l${ESC}[?25l${ESC}[5 q${ESC}]2;second title${ESC}\\`,
    `${ESC}[1;3;38;2;1;2;3mkept attributes `,
    text(500, 20),
  ].join('\r\n')
}

/** A long history, and then everything that output can leave set for whatever is printed after it. */
function leftBehind(): string {
  const styles = [1, 2, 3, 4, 5].map((style) => `${ESC}[4:${style};58;2;${style * 40};90;200mstyle ${style}${ESC}[0m`)
  return [
    Array.from({ length: 2_000 }, (_, i) => `history ${i} ${'·'.repeat(i % 60)}`).join('\r\n'),
    styles.join(' '),
    `${ESC}]8;id=a;https://example.com/a\u0007linked${ESC}]8;;\u0007 and ${ESC}[1"qprotected${ESC}[0"q`,
    `${ESC}[3g${ESC}[9G${ESC}H${ESC}[33G${ESC}H\r\ta\tb`,
    `${ESC}[2;60H${ESC}[33;4mkept${ESC}7${ESC}[0m`,
    `${ESC}[4;20r${ESC}[?6h${ESC}[17;1Hin the region`,
    `${ESC})0${ESC}*A${ESC}[3;4:3;58;5;208m\u000elqqk x`,
  ].join('\r\n')
}

async function record({ name, command, keys, files = {} }: Recording): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'pilot-record-'))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  const run = join(directory, 'run.sh')
  writeFileSync(
    run,
    `#!/bin/bash\nstty cols ${COLS} rows ${ROWS} -echo\nstty sane cols ${COLS} rows ${ROWS}\n${command}\n`,
  )
  chmodSync(run, 0o755)
  const env = {
    PATH: process.env.PATH,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    HTOP: process.env.HTOP ?? 'htop',
    LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH,
    HOME: directory,
  }
  const child = spawn('script', ['-qec', run, '/dev/null'], {
    cwd: directory,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const chunks: Buffer[] = []
  let last = performance.now()
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    last = performance.now()
  })
  let ended = false
  child.once('close', () => {
    ended = true
  })
  const quiet = async () => {
    const began = performance.now()
    while (!ended && (performance.now() - last < QUIET_MS || chunks.length === 0) && performance.now() - began < 3_000)
      await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await quiet()
  for (const key of keys) {
    child.stdin.write(key)
    last = performance.now()
    await quiet()
  }
  // What it says while it is ended is no part of the picture.
  const bytes = Buffer.concat(chunks)
  for (const socket of ['inner', 'outer'])
    spawn('tmux', ['-S', join(directory, `${socket}.sock`), 'kill-server'], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 200))
  if (child.pid && !ended) process.kill(-child.pid, 'SIGKILL')
  rmSync(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  writeFileSync(join(FIXTURES, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  process.stdout.write(`${name}: ${bytes.length} bytes\n`)
}

mkdirSync(FIXTURES, { recursive: true })
const wanted = process.argv.slice(2)
for (const recording of RECORDINGS) if (wanted.length === 0 || wanted.includes(recording.name)) await record(recording)
