import { type AssetStore, contentType } from '../assets/store.ts'

/**
 * The built files behind the platform's asset binding. It is asked by name alone: which answer is given, with which
 * headers, is decided by our own routes, and the edge compresses.
 */
export function boundAssets(binding: Fetcher): AssetStore {
  return {
    async get(path) {
      const response = await binding.fetch(new URL(path, 'https://assets.invalid/'))
      if (response.status !== 200 || !response.body) {
        await response.body?.cancel()
        return null
      }
      return {
        body: response.body,
        type: contentType(path),
        encoding: null,
        etag: response.headers.get('etag') ?? `"${path}"`,
        immutable: path.startsWith('assets/'),
      }
    },
  }
}
