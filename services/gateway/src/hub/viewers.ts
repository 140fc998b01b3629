import { CLOSE } from '@pilot/protocol/close-codes'
import type { Clock } from '@pilot/protocol/link/clock'
import {
  MAX_VIEWERS,
  MAX_VIEWERS_PER_USER,
  VIEWER_ACK_BURST,
  VIEWER_ACK_RATE,
  VIEWER_BURST,
  VIEWER_FRAME_BURST,
  VIEWER_FRAME_RATE,
  VIEWER_RATE,
} from './limits.ts'
import type { ViewerIdentity } from './port.ts'
import { Bucket } from './rate.ts'
import type { HubSocket, ViewerAttachment } from './socket.ts'
import type { Attachment } from './terminal-attachment.ts'
import type { Watch } from './watches.ts'

/** One browser tab. Who it is comes from the upgrade request; nothing that it sends later changes that. */
export interface Viewer {
  readonly socket: HubSocket
  readonly identity: ViewerIdentity
  readonly bucket: Bucket
  /** Acknowledgements of terminal output, and small frames of terminal input, come too often for `bucket`. */
  readonly acks: Bucket
  readonly frames: Bucket
  /** By agent session id. */
  readonly watches: Map<string, Watch>
  /** By terminal id. */
  readonly terminals: Map<string, Attachment>
}

/** The tabs of one runtime's workspaces. */
export class Viewers {
  readonly #clock: Clock
  readonly #bySocket = new Map<HubSocket, Viewer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#bySocket.size
  }

  get(socket: HubSocket): Viewer | undefined {
    return this.#bySocket.get(socket)
  }

  all(): Viewer[] {
    return [...this.#bySocket.values()]
  }

  /** Null when there are too many: the socket is then closed with 4029. */
  add(socket: HubSocket, identity: ViewerIdentity): Viewer | null {
    const ofUser = this.all().filter((viewer) => viewer.identity.user_id === identity.user_id).length
    if (this.size >= MAX_VIEWERS || ofUser >= MAX_VIEWERS_PER_USER) {
      socket.close(CLOSE.rate, 'too many connections')
      return null
    }
    return this.restore(socket, identity)
  }

  /** Takes over a socket that was accepted before. */
  restore(socket: HubSocket, identity: ViewerIdentity): Viewer {
    const now = this.#clock.now()
    const viewer: Viewer = {
      socket,
      identity,
      bucket: new Bucket(VIEWER_BURST, VIEWER_RATE, now),
      acks: new Bucket(VIEWER_ACK_BURST, VIEWER_ACK_RATE, now),
      frames: new Bucket(VIEWER_FRAME_BURST, VIEWER_FRAME_RATE, now),
      watches: new Map(),
      terminals: new Map(),
    }
    this.#bySocket.set(socket, viewer)
    return viewer
  }

  remove(socket: HubSocket): Viewer | undefined {
    const viewer = this.#bySocket.get(socket)
    this.#bySocket.delete(socket)
    return viewer
  }

  /** To every tab, or to those of one workspace. */
  broadcast(text: string, workspaceId?: string): void {
    for (const viewer of this.all()) {
      if (workspaceId === undefined || viewer.identity.workspace_id === workspaceId) viewer.socket.send(text)
    }
  }

  where(test: (identity: ViewerIdentity) => boolean): Viewer[] {
    return this.all().filter((viewer) => test(viewer.identity))
  }
}

/** Stores who the tab is and what it acknowledged, so that a hub that slept goes on where it was. */
export function saveViewer(viewer: Viewer): void {
  const attachment: ViewerAttachment = {
    kind: 'viewer',
    ...viewer.identity,
    watches: [...viewer.watches.values()].map(({ agent_session_id, acked }) => ({ agent_session_id, acked })),
  }
  viewer.socket.setAttachment(attachment)
}
