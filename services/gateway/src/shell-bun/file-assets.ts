import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { type Asset, type AssetStore, contentType, type Encoding } from '../assets/store.ts'

const SUFFIX: Record<Encoding, string> = { br: '.br', gzip: '.gz' }

/**
 * The built files as they lie in a directory, found once: what is not in the list does not exist, so that no request
 * path ever reaches the file system. A missing directory is an empty store.
 */
export async function directoryAssets(directory: string): Promise<AssetStore> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return fileAssets(new Map(files.map((file) => [relative(directory, file).split(sep).join('/'), file])))
}

/** A store over files by their path in the build, such as those embedded in an executable. */
export function fileAssets(files: ReadonlyMap<string, string>): AssetStore {
  // Tags are made on first use and kept: the files of a build do not change under a running gateway.
  const tags = new Map<string, string>()

  async function read(path: string, encoding: Encoding | null): Promise<Asset | null> {
    const file = files.get(encoding ? path + SUFFIX[encoding] : path)
    if (file === undefined) return null
    const body = new Uint8Array(await readFile(file))
    const etag = tags.get(file) ?? `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
    tags.set(file, etag)
    return { body, type: contentType(path), encoding, etag, immutable: path.startsWith('assets/') }
  }

  return {
    async get(path, accepted) {
      for (const encoding of accepted) {
        const asset = await read(path, encoding)
        if (asset) return asset
      }
      return read(path, null)
    },
  }
}
