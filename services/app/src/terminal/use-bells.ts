import { toast } from '@pilot/chamber-ui/primitives/toaster.tsx'
import type { TerminalId } from '@pilot/domain/entities/terminal'
import { useEffect, useEffectEvent, useState } from 'react'
import type { WorkspaceClient } from '../workspace/workspace-client.ts'

interface BellOptions {
  /** Terminals that are looked at while the page is. */
  inSight: readonly TerminalId[]
  titleOf: (id: TerminalId) => string
  onOpen: (id: TerminalId) => void
}

/** Terminals that rang while nobody looked; a hidden page tells it by a notification when it may. */
export function useBells(client: WorkspaceClient, { inSight, titleOf, onOpen }: BellOptions) {
  const [rung, setRung] = useState<ReadonlySet<TerminalId>>(new Set())
  const looking = inSight.join()
  const onBell = useEffectEvent((id: TerminalId) => {
    if (document.visibilityState === 'visible' && inSight.includes(id)) return
    setRung((known) => new Set(known).add(id))
    if (document.visibilityState === 'visible' || !mayNotify()) return
    const note = new Notification(titleOf(id), { body: 'The terminal rang.', tag: id })
    note.addEventListener('click', () => {
      window.focus()
      onOpen(id)
      note.close()
    })
  })
  useEffect(
    () =>
      client.link.onTerminalState(({ terminal, bell }) => {
        if (bell) onBell(terminal.terminal_id)
      }),
    [client],
  )
  useEffect(() => {
    const seen = () => {
      if (document.visibilityState !== 'visible') return
      const ids = looking.split(',')
      setRung((known) =>
        ids.some((id) => known.has(id as TerminalId)) ? new Set([...known].filter((id) => !ids.includes(id))) : known,
      )
    }
    seen()
    document.addEventListener('visibilitychange', seen)
    return () => document.removeEventListener('visibilitychange', seen)
  }, [looking])
  return rung
}

function mayNotify(): boolean {
  return typeof Notification === 'function' && Notification.permission === 'granted'
}

/** Asks the browser, once the user has asked for it. */
export function askForNotifications(): void {
  if (typeof Notification !== 'function') {
    toast.error('This browser shows no notifications.')
    return
  }
  void Notification.requestPermission().then((answer) => {
    if (answer === 'granted') toast.success('A bell in a hidden tab is told from now on.')
    else toast('The browser keeps notifications off.', { description: 'Allow them in the settings of this site.' })
  })
}

/** False once the browser has an answer that cannot be changed from here. */
export function canAskForNotifications(): boolean {
  return typeof Notification === 'function' && Notification.permission === 'default'
}
