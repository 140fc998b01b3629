import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.mjs'
import { sourceFiles } from './sources.mjs'

/** Every dependency comes from a named catalog or from the workspace, and no source file uses a global of another runtime. */
const problems = []
for (const file of sourceFiles(/(^|\/)package\.json$/)) {
  const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      if (!/^(catalog:\w+|workspace:\*)$/.test(version))
        problems.push(`${file}: ${name} is ${version}, not catalog:<name>`)
    }
  }
  if (manifest.packageManager) problems.push(`${file}: no packageManager field`)
}

const BUN_ALLOWED = /^(services\/(runtime|pilot)\/|services\/gateway\/src\/shell-bun\/|tests\/|bench\/|scripts\/)/
const CLOUDFLARE_ALLOWED = /^(services\/gateway\/src\/shell-worker\/|tests\/)/
const NODE_FREE = /^(packages\/(domain|protocol|frontend|chamber-ui)\/src|services\/gateway\/src\/(?!shell-))/
const NODE_EXCEPTIONS = /\.test\.tsx?$|\/testing\/|sqlite\/node-sqlite\.ts$|\.config\.ts$/
for (const file of sourceFiles(/\.tsx?$/)) {
  const text = readFileSync(join(root, file), 'utf8')
  if (
    !BUN_ALLOWED.test(file) &&
    /\bBun\.\w|from 'bun(:\w+)?'/.test(text.replace(/^\s*(\/?\*|\/\/).*$/gm, '').replace(/`[^`]*`/g, ''))
  )
    problems.push(`${file}: Bun is injected by the shells`)
  if (!CLOUDFLARE_ALLOWED.test(file) && /from 'cloudflare:/.test(text))
    problems.push(`${file}: Cloudflare's APIs live in shell-worker`)
  if (NODE_FREE.test(file) && !NODE_EXCEPTIONS.test(file) && /from 'node:/.test(text))
    problems.push(`${file}: this part is Web-standard TypeScript`)
}
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.exit(problems.length > 0 ? 1 : 0)
