import { join } from 'node:path'
import { bun, testHosts, until } from '@pilot/backend/terminal/host/testing-host'
import { afterEach, beforeEach, expect, test } from 'vitest'

let hosts: ReturnType<typeof testHosts>
let outer: ReturnType<typeof testHosts>
beforeEach(() => {
  hosts = testHosts()
  outer = testHosts()
})
afterEach(async () => {
  await hosts.dispose()
  await outer.dispose()
})

const fixture = join(import.meta.dirname, 'attach.fixture.ts')

/** Runs the command in a terminal of its own, after a shell that tells how the tty was before and after. */
const attach = async () => {
  const script = `stty -g; ${bun} ${fixture} ${hosts.home}; stty -g; echo back; exec sleep 1000`
  const terminal = await outer.start(['/bin/sh', '-c', script], { cols: 70, rows: 20 })
  terminal.watch()
  return terminal
}

test('a terminal is opened with its picture, takes the size and the keys of here, and is left as it was found', async () => {
  const inner = await hosts.start(['/bin/bash', '--norc', '--noprofile'])
  inner.watch()
  inner.type('echo was-"here" before\r')
  await until('it was printed', () => inner.text().includes('was-here before'))
  const here = await attach()
  await until('the picture', () => here.text().includes('was-here before'))
  here.type('stty size\r')
  await until('the size of here', () => here.text().includes('20 70'))
  expect(inner.source.status).toMatchObject({ cols: 70, rows: 20 })
  here.source.resize(60, 15)
  await until('the new size', () => inner.source.status.cols === 60)
  here.type('printf "\\033[?1049h\\033[?1000h"\r')
  await until('it changed the modes', () => here.text().includes('\x1b[?1049h'))
  here.type('\x1cd')
  await until('it is back', () => here.text().includes('back\r\n'))
  const [before, after] = here.text().match(/^[0-9a-f:]{20,}\r$/gm) ?? []
  expect(after).toBe(before)
  const last = here.text().slice(here.text().indexOf('\x1b[?1000h'))
  expect(last).toContain('\x1b[?1000l')
  expect(last).toContain('\x1b[?1049l')
  expect(last).toContain('Detached.')
  expect(inner.source.status.state).toBe('running')
})

test('it ends with the program, and says how', async () => {
  const inner = await hosts.start(['/bin/bash', '--norc', '--noprofile'])
  const here = await attach()
  await until('the prompt', () => here.text().includes('$ '))
  here.type('exit 4\r')
  await until('it is back', () => here.text().includes('back\r\n'))
  expect(here.text()).toContain('The program ended with 4.')
  expect(inner.source.status.exit_code).toBe(4)
})
