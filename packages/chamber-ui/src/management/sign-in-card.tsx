import { type ReactNode, useState } from 'react'
import { BRANDING } from '../branding.ts'
import { Button } from '../primitives/button.tsx'
import { Dialog, DialogActions } from '../primitives/dialog.tsx'
import { Field, Input } from '../primitives/field.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { Mark } from '../shell/mark.tsx'
import { FormError } from './form-error.tsx'

/** A page that asks for one thing before the app begins: mark, title, content, in the middle. */
export function GatePage({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <main className="grid min-h-dvh place-items-center bg-bg p-4">
      <div className="grid w-full max-w-[400px] gap-5">
        <div className="flex items-center gap-2.5 px-1">
          <Mark className="size-8" />
          <span className="font-semibold text-lg tracking-tight">{BRANDING.name}</span>
        </div>
        <div className="grid gap-4 rounded-lg border border-line bg-surface p-5 md:p-6">
          <h1 className="font-semibold text-xl tracking-tight">{title}</h1>
          {children}
        </div>
      </div>
    </main>
  )
}

interface SignInOptionsProps {
  providers: readonly { id: string; label: string }[]
  devLogin: boolean
  busy: string | null
  error: ErrorFacts | null
  onProvider: (id: string) => void
  onDevLogin: (email: string) => void
}

/** The ways in that this server offers. */
export function SignInOptions({ providers, devLogin, busy, error, onProvider, onDevLogin }: SignInOptionsProps) {
  const [dev, setDev] = useState(false)
  return (
    <div className="grid gap-2.5">
      {providers.map((provider) => (
        <Button
          key={provider.id}
          size="lg"
          busy={busy === provider.id}
          disabled={busy !== null}
          onClick={() => onProvider(provider.id)}
        >
          Continue with {provider.label}
        </Button>
      ))}
      {devLogin ? (
        <Button size="lg" disabled={busy !== null} onClick={() => setDev(true)}>
          Dev mode login
        </Button>
      ) : null}
      {dev ? null : <FormError error={error} />}
      <Dialog
        open={dev}
        onOpenChange={setDev}
        title="Dev mode login"
        description="Signs in as any address, without a password. Not part of a production build."
      >
        <DevLoginForm busy={busy === 'dev'} error={error} onSubmit={onDevLogin} onCancel={() => setDev(false)} />
      </Dialog>
    </div>
  )
}

interface DevLoginFormProps {
  busy: boolean
  error: ErrorFacts | null
  onSubmit: (email: string) => void
  onCancel: () => void
}

function DevLoginForm({ busy, error, onSubmit, onCancel }: DevLoginFormProps) {
  const [email, setEmail] = useState('')
  const [tried, setTried] = useState(false)
  const valid = /^\S+@\S+$/.test(email.trim())
  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (valid && !busy) onSubmit(email.trim())
      }}
    >
      <Field label="E-mail" error={tried && !valid ? 'Enter an address such as you@example.com.' : null}>
        {(control) => (
          <Input
            {...control}
            type="email"
            name="email"
            inputMode="email"
            autoComplete="email"
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <FormError error={error} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Sign in
        </Button>
      </DialogActions>
    </form>
  )
}
