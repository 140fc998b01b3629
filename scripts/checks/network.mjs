import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../lib/run.mjs'
import { sourceFiles } from './sources.mjs'

/** Every 14xxx port and every outside host in the code stands in NETWORK.yml, and every one there is in range. */
const network = readFileSync(join(root, 'NETWORK.yml'), 'utf8')
const ports = new Set([...network.matchAll(/^\s+port: (\d+)/gm)].map((match) => match[1]))
const hosts = new Set([...network.matchAll(/^ {2}[\w-]+: ([a-z0-9.-]+\.[a-z]+)$/gm)].map((match) => match[1]))
const problems = []
for (const port of ports) if (!/^14\d{3}$/.test(port)) problems.push(`NETWORK.yml: port ${port} is not a 14xxx port`)
if (ports.size === 0 || hosts.size === 0)
  problems.push('NETWORK.yml lists no ports or no hosts: the check cannot read it')

/** Names that are documentation or standards, never dialled. */
const NOT_DIALLED =
  /(^|\.)(example|test|invalid|localhost|local)$|(^|\.)example\.(com|org|net)$|^(www\.w3\.org|json-schema\.org|host|opencode\.ai|control|github\.com)$/
for (const file of sourceFiles(/\.(ts|tsx|mjs|jsonc)$/)) {
  if (/\.test\.tsx?$|^tests\/|^bench\/|\/dev\//.test(file)) continue
  const text = readFileSync(join(root, file), 'utf8')
  for (const [, port] of text.matchAll(/\b(14\d{3})\b/g))
    if (!ports.has(port)) problems.push(`${file}: port ${port} is not in NETWORK.yml`)
  for (const line of text.split('\n')) {
    if (/port\b.{0,12}\b4096\b/i.test(line) && !/never/i.test(line))
      problems.push(`${file}: 4096 is never a port on a host`)
  }
  for (const [, host] of text.matchAll(/https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)+)/g)) {
    if (!hosts.has(host) && !NOT_DIALLED.test(host) && !/^\d+(\.\d+){3}$/.test(host))
      problems.push(`${file}: host ${host} is not in NETWORK.yml`)
  }
}
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.exit(problems.length > 0 ? 1 : 0)
