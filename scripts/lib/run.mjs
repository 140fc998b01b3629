import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** The pinned Node of the project: every tool that runs on Node uses it. */
export const node = join(root, 'node_modules', 'node', 'bin', 'node')

/** The pinned Bun of this platform. */
export function bun() {
  const os = { linux: 'linux', darwin: 'darwin' }[process.platform] ?? process.platform
  const cpu = { arm64: 'aarch64', x64: 'x64' }[process.arch] ?? process.arch
  const file = join(root, 'node_modules', '@oven', `bun-${os}-${cpu}`, 'bin', 'bun')
  if (existsSync(file)) return file
  throw new Error(
    `Pilot has no Bun for ${process.platform} on ${process.arch}. Linux and macOS on x64 and arm64 are supported.`,
  )
}

/** Runs a program and resolves with its exit code; output goes where ours goes unless `quiet` collects it. */
export function run(command, args, { cwd = root, env = process.env, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    })
    const chunks = []
    child.stdout?.on('data', (data) => chunks.push(data))
    child.stderr?.on('data', (data) => chunks.push(data))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, output: Buffer.concat(chunks).toString() }))
  })
}
