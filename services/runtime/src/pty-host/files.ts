import { close, exists, OPEN, open, readInto, rename, unlink, writeFrom } from './libc.ts'

/*
 * What a holder does with files while it holds a terminal. Loading `node:fs` takes 0.55 MiB of every one of them, so that
 * is left to what happens at the end or rarely, see `nodeFs`.
 */

const PIECE = 4_096

/** Loaded at its first use. */
export const nodeFs = () => process.getBuiltinModule('node:fs')

/** May be entered. */
export const isDirectory = (path: string): boolean => exists(`${path}/.`)

/** A short text, as the system has about processes. Throws when it cannot be read. */
export function readText(path: string): string {
  const descriptor = open(path, OPEN.read)
  try {
    const decoder = new TextDecoder()
    const piece = new Uint8Array(PIECE)
    let text = ''
    for (;;) {
      const count = readInto(descriptor, piece, 0, PIECE)
      if (count < 0) throw new Error(`${path} cannot be read`)
      if (count === 0) return text
      text += decoder.decode(piece.subarray(0, count), { stream: true })
    }
  } finally {
    close(descriptor)
  }
}

/** Throws when not everything is taken. */
export function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const count = writeFrom(descriptor, bytes, at)
    if (count <= 0) throw new Error('not everything was written')
    at += count
  }
}

/** Whole or not at all, for this user alone. A full disk costs the copy, never the terminal. */
export function replaceFile(path: string, content: Uint8Array): void {
  const partial = `${path}.partial`
  try {
    const descriptor = open(partial, OPEN.write | OPEN.create | OPEN.truncate)
    try {
      writeAll(descriptor, content)
    } finally {
      close(descriptor)
    }
    if (!rename(partial, path)) throw new Error(`${path} cannot be replaced`)
  } catch {
    unlink(partial)
  }
}
