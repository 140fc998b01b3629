import { lazy, Suspense, useCallback, useSyncExternalStore } from 'react'
import type { Sink } from './toaster-view.tsx'

export interface ToastOptions {
  description?: string
  action?: { label: string; onClick: () => void }
}
type Kind = 'message' | 'success' | 'error'
type Show = (sink: Sink) => void

/** Most toasts kept while the library is on its way; older ones are dropped. */
const MAX_PENDING = 5
const pending: Show[] = []
const listeners = new Set<() => void>()
let wanted = false
let sink: Sink | null = null

function show(kind: Kind, text: string, options?: ToastOptions): void {
  const task: Show = (target) => void target[kind](text, options)
  if (sink) {
    task(sink)
    return
  }
  pending.push(task)
  if (pending.length > MAX_PENDING) pending.shift()
  wanted = true
  for (const listener of listeners) listener()
}

/** Short confirmations in the corner. Nothing that has to be read stands only here. */
export const toast = Object.assign((text: string, options?: ToastOptions) => show('message', text, options), {
  success: (text: string, options?: ToastOptions) => show('success', text, options),
  error: (text: string, options?: ToastOptions) => show('error', text, options),
})

const View = lazy(() => import('./toaster-view.tsx').then((module) => ({ default: module.ToasterView })))

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Where toasts appear; stands once in the document and loads nothing until there is one. */
export function Toaster() {
  const show = useSyncExternalStore(
    subscribe,
    () => wanted,
    () => false,
  )
  const ready = useCallback((target: Sink) => {
    sink = target
    for (const task of pending.splice(0)) task(target)
  }, [])
  return show ? (
    <Suspense>
      <View onReady={ready} />
    </Suspense>
  ) : null
}
