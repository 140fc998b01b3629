/** What the holder says of its terminal. The same keys as `SourceStatus`, which the client hands on. */
export interface HostStatus {
  epoch: string
  state: 'running' | 'ended' | 'error'
  exit_code: number | null
  reason: string | null
  title: string
  process: string
  cols: number
  rows: number
  start_offset: number
  end_offset: number
  host_pid: number
  program_pid: number | null
}

/** A size that holds from `offset` on. */
export interface SizeFrom {
  offset: number
  cols: number
  rows: number
}

/** A picture and what follows it. `approximate`: nothing better is known, so the program was asked to draw again. */
export interface Picture extends SizeFrom {
  snapshot: Uint8Array
  sizes: SizeFrom[]
  approximate: boolean
}
