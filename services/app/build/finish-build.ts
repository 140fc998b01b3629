import { readdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { Plugin } from 'vite'

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/** Kinds of file that shrink; pictures and fonts are compressed already. */
const COMPRESSIBLE = new Set(['.js', '.css', '.html', '.svg', '.json', '.webmanifest', '.map', '.txt'])
/** Below this size in bytes the answer's headers weigh more than what is saved. */
const MIN_SIZE = 512

export interface FinishOptions {
  /** Most gzipped bytes of JavaScript that the first view may load; more fails the build. */
  firstViewBudget: number
}

/**
 * Last step of a build, after the shell was rendered: makes every asset URL of the shell start with `./assets/`, writes
 * `.br` and `.gz` siblings, and reports what the first view costs in `dist/bundle-report.json`.
 */
export function finishBuild(options: FinishOptions): Plugin {
  const chunks = new Map<string, Chunk>()
  return {
    name: 'finish-build',
    enforce: 'post',
    generateBundle(_, bundle) {
      if (this.environment.name !== 'client') return
      for (const [file, chunk] of Object.entries(bundle)) {
        if (chunk.type !== 'chunk') continue
        chunks.set(file, { imports: chunk.imports, entry: chunk.isEntry, modules: chunk.moduleIds })
      }
    },
    buildApp: {
      order: 'post',
      async handler(builder) {
        const client = builder.environments.client
        if (!client) throw new Error('The client build is missing.')
        const root = join(client.config.root, client.config.build.outDir)
        await normaliseShell(join(root, 'index.html'))
        const sizes = await compressAll(root)
        const files = [...sizes].map(([file, size]) => ({ file, ...size })).sort((a, b) => b.gzip - a.gzip)
        const report = firstViews(chunks, sizes)
        await writeFile(join(root, '..', 'bundle-report.json'), `${JSON.stringify({ ...report, files }, null, 2)}\n`)
        client.config.logger.info(`heaviest first view: ${report.first_view_js_gzip} bytes of gzipped JavaScript`)
        if (report.first_view_js_gzip > options.firstViewBudget) {
          throw new Error(`The first view loads more than ${options.firstViewBudget} bytes of gzipped JavaScript.`)
        }
      },
    },
  }
}

async function normaliseShell(file: string): Promise<void> {
  const html = (await readFile(file, 'utf8')).replaceAll(/(["'(])\/?\.\/assets\//g, '$1./assets/')
  await writeFile(file, html)
}

interface Size {
  raw: number
  gzip: number
  brotli: number
}

async function compressAll(root: string): Promise<Map<string, Size>> {
  const sizes = new Map<string, Size>()
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (!entry.isFile() || !COMPRESSIBLE.has(extname(entry.name))) continue
    const raw = await readFile(file)
    if (raw.byteLength < MIN_SIZE) continue
    const [gz, br] = await Promise.all([
      zip(raw, { level: 9 }),
      brotli(raw, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.byteLength },
      }),
    ])
    // The shell is finished by the server for each base path, so it is compressed there.
    if (entry.name !== 'index.html') await Promise.all([writeFile(`${file}.gz`, gz), writeFile(`${file}.br`, br)])
    sizes.set(file.slice(root.length + 1), { raw: raw.byteLength, gzip: gz.byteLength, brotli: br.byteLength })
  }
  return sizes
}

interface Chunk {
  imports: readonly string[]
  entry: boolean
  modules: readonly string[]
}

/** What each page loads before anything is opened: the entry, the page's route files, and all their static imports. */
function firstViews(chunks: Map<string, Chunk>, sizes: Map<string, Size>) {
  const closure = (roots: readonly string[]): Set<string> => {
    const seen = new Set<string>()
    const queue = [...roots]
    for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
      if (seen.has(file)) continue
      seen.add(file)
      queue.push(...(chunks.get(file)?.imports ?? []))
    }
    return seen
  }
  const entries = [...chunks].filter(([, chunk]) => chunk.entry).map(([file]) => file)
  const byRoute = new Map<string, string[]>()
  for (const [file, chunk] of chunks) {
    for (const module of chunk.modules) {
      const route = /\/src\/routes\/(.+)\.tsx(?:\?|$)/.exec(module)?.[1]
      if (route) byRoute.set(route, [...(byRoute.get(route) ?? []), file])
    }
  }
  const pages = [...byRoute.keys()].sort().map((page) => {
    const ancestors = [...byRoute].filter(([route]) => page === route || page.startsWith(`${route}/`))
    const files = closure([...entries, ...ancestors.flatMap(([, found]) => found)])
    const total = [...files].reduce((sum, file) => sum + (sizes.get(file)?.gzip ?? 0), 0)
    return { page, js_gzip: total, requests: files.size }
  })
  return { first_view_js_gzip: Math.max(0, ...pages.map((page) => page.js_gzip)), pages }
}
