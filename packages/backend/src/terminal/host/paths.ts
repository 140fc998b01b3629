import { shortName } from './short-name.ts'

/** A socket's path has room for 104 bytes on some systems, with its closing zero. */
const SOCKET_PATH_MAX = 100

/** What a terminal's holder keeps on disk, below the directory of all terminals. */
export interface HostPaths {
  directory: string
  /** Who holds the terminal and how to reach it; see `record.ts`. */
  record: string
  /** Newest checkpoint, for the day on which the holder is killed. */
  checkpoint: string
  /** How the program of a session of tmux ended; see `tmux/exit-file.ts`. */
  exit: string
  socket: string
  /** Directory of the socket when the path below `directory` would be too long. */
  socketDirectory: string | null
}

/**
 * `temporary` is a short directory that is this user's alone, or the system's temporary one. Neither ends with a slash.
 * (`node:path` would cost every holder 0.2 MiB.)
 */
export function hostPaths(root: string, terminalId: string, temporary: string): HostPaths {
  const directory = `${root}/${terminalId}`
  const near = `${directory}/socket`
  const file = (name: string) => `${directory}/${name}`
  const paths = { directory, record: file('host.json'), checkpoint: file('checkpoint'), exit: file('exit') }
  if (Buffer.byteLength(near) <= SOCKET_PATH_MAX) return { ...paths, socket: near, socketDirectory: null }
  // Named by what it stands for, so that it is found again; 0700, so nobody else can put a socket there.
  const socketDirectory = `${temporary}/pilot-${shortName(directory)}`
  return { ...paths, socket: `${socketDirectory}/s`, socketDirectory }
}

/** Where terminals keep their records below PILOT_HOME. */
export const terminalsRoot = (home: string) => `${home}/runtime/terminals`
