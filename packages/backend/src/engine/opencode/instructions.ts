import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { clip } from './translate-part.ts'

const NAMES = ['AGENTS.md', 'CLAUDE.md', 'CONTEXT.md']
const MAX_CHARS = 64_000
const MAX_BYTES = 1024 * 1024

/**
 * The repository's own instructions for agents. OpenCode would read them itself, but only together with the
 * repository's configuration, which may bring programs and permissions and is therefore switched off.
 */
export async function readInstructions(directory: string): Promise<string | null> {
  for (const name of NAMES) {
    const file = join(directory, name)
    const info = await stat(file).catch(() => null)
    if (!info?.isFile() || info.size > MAX_BYTES) continue
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text.trim() !== '') return `Instructions from: ${file}\n${clip(text, MAX_CHARS)}`
  }
  return null
}
