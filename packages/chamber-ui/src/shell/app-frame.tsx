import type { ReactNode } from 'react'
import type { ShellData } from './model.ts'
import { PhoneBar } from './phone-bar.tsx'
import { Sidebar } from './sidebar.tsx'

interface AppFrameProps {
  data: ShellData
  /** Above everything: connection lost, impersonation. */
  banner?: ReactNode
  /** Screens with a composer at the bottom have no room for the phone's bar; they show a way back instead. */
  hidePhoneBar?: boolean
  children: ReactNode
}

/** The one frame of every signed-in page: sidebar, page, and on a phone the bar at the bottom. */
export function AppFrame({ data, banner, hidePhoneBar, children }: AppFrameProps) {
  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <a
        href="#page"
        className="sr-only z-50 rounded-sm bg-text px-3 py-2 text-bg focus-visible:not-sr-only focus-visible:fixed focus-visible:top-2 focus-visible:left-2"
      >
        Skip to the page
      </a>
      {banner}
      <div className="flex min-h-0 flex-1">
        <Sidebar data={data} />
        <main
          id="page"
          tabIndex={-1}
          className="flex min-h-0 min-w-0 flex-1 flex-col bg-surface focus:outline-none max-md:bg-bg md:border-line md:border-l"
        >
          {children}
        </main>
      </div>
      {hidePhoneBar ? null : <PhoneBar data={data} />}
    </div>
  )
}
