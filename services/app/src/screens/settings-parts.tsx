import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import type { ReactNode } from 'react'

/** One titled box of a settings page. */
export function SettingsCard({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid gap-3 rounded-lg border border-line p-4 max-md:bg-surface md:p-5">
      <h2 className="font-medium">{title}</h2>
      {children}
    </section>
  )
}

interface LossProps {
  title: string
  children: ReactNode
  button: string
  onClick: () => void
}

/** The last box of a settings page: what cannot be undone. */
export function LossCard({ title, children, button, onClick }: LossProps) {
  return (
    <SettingsCard title={title}>
      <p className="text-sm text-text-2">{children}</p>
      <div>
        <Button variant="danger" onClick={onClick}>
          {button}
        </Button>
      </div>
    </SettingsCard>
  )
}
