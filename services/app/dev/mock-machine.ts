import type { MockRuntime } from './mock-runtime.ts'
import type { MockConnection, MockSocketEvents } from './mock-socket.ts'
import type { MockTerminals } from './mock-terminals.ts'

/** The machine of one workspace: its agent and its terminals behind one link and one set of routes. */
export class MockMachine {
  readonly agent: MockRuntime
  readonly terminals: MockTerminals

  constructor(agent: MockRuntime, terminals: MockTerminals) {
    this.agent = agent
    this.terminals = terminals
  }

  fetch(request: Request, path: string): Promise<Response> {
    const [, resource, ...rest] = path.split('/')
    return resource === 'terminal' ? this.terminals.fetch(request, rest) : this.agent.fetch(request, path)
  }

  connect(connection: MockConnection): MockSocketEvents {
    this.agent.connect(connection)
    if (this.agent.online) this.terminals.connect(connection)
    return {
      message: (data) => {
        if (typeof data !== 'string') return this.terminals.frame(connection, data)
        if (data !== 'ping') {
          const message = JSON.parse(data) as Record<string, unknown>
          if (String(message.type).startsWith('terminal.')) return this.terminals.message(connection, message)
        }
        this.agent.message(connection, data)
      },
      closed: () => {
        this.agent.disconnect(connection)
        this.terminals.disconnect(connection)
      },
    }
  }
}
