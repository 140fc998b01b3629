import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { directoryAssets } from './file-assets.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pilot-assets-'))
  mkdirSync(join(directory, 'assets'))
  writeFileSync(join(directory, 'index.html'), 'shell')
  writeFileSync(join(directory, 'assets', 'a-1.js'), 'code')
  writeFileSync(join(directory, 'assets', 'a-1.js.gz'), 'zipped')
})
afterEach(() => rmSync(directory, { recursive: true }))

const text = (body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | undefined) => new Response(body).text()

describe('directoryAssets', () => {
  it('finds files and their siblings', async () => {
    const store = await directoryAssets(directory)
    const plain = await store.get('assets/a-1.js', [])
    const zipped = await store.get('assets/a-1.js', ['br', 'gzip'])
    expect([await text(plain?.body), plain?.encoding, plain?.immutable]).toEqual(['code', null, true])
    expect([await text(zipped?.body), zipped?.encoding, zipped?.type]).toEqual(['zipped', 'gzip', plain?.type])
    expect(zipped?.etag).not.toBe(plain?.etag)
    expect((await store.get('index.html', ['gzip']))?.immutable).toBe(false)
  })

  it('knows nothing outside of its list', async () => {
    const store = await directoryAssets(directory)
    for (const path of ['../x', 'assets', '', 'assets/../index.html', '/etc/passwd'])
      expect(await store.get(path, [])).toBeNull()
    expect(await (await directoryAssets(join(directory, 'none'))).get('index.html', [])).toBeNull()
  })
})
