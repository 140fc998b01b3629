import { BRANDING } from '@pilot/chamber-ui/branding.ts'
import { GatePage, SignInOptions } from '@pilot/chamber-ui/management/sign-in-card.tsx'
import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { Skeleton } from '@pilot/chamber-ui/primitives/skeleton.tsx'
import { Spinner } from '@pilot/chamber-ui/primitives/spinner.tsx'
import { PilotClientError, toClientError } from '@pilot/frontend/errors'
import { safeNext, takeOwnerSecret } from '@pilot/frontend/gateway/auth'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { useDocumentTitle } from '../lib/document-title.ts'
import { auth, base, gateway, queryClient } from '../lib/gateway.ts'
import { LoadError } from './load-error.tsx'

/** Taken from the address when this module is loaded, before anything else can read or copy it. */
let ownerSecret = typeof window === 'undefined' ? null : takeOwnerSecret(window)

/** What a provider says went wrong is for logs; a person needs to know that nothing happened and what to do. */
const PROVIDER_FAILED = new PilotClientError(
  'UNAUTHENTICATED',
  'The provider did not sign you in. Nothing was changed. Try again, or choose another way.',
)

/** Signs in: by the owner's link, by a provider, or in dev mode. */
export function LoginScreen({ next, providerFailed }: { next: string | undefined; providerFailed: boolean }) {
  useDocumentTitle('Sign in')
  const router = useRouter()
  const session = useQuery(gateway.query('user.session'))
  const [redeeming, setRedeeming] = useState(ownerSecret !== null)
  const [busy, setBusy] = useState<string | null>(null)
  const [error, setError] = useState<PilotClientError | null>(() => (providerFailed ? PROVIDER_FAILED : null))
  const target = safeNext(next)

  const enter = async () => {
    queryClient.removeQueries()
    await router.navigate({ to: target, replace: true })
  }
  const attempt = (kind: string, run: () => Promise<unknown>) => {
    setBusy(kind)
    setError(null)
    void run()
      .then(enter)
      .catch((cause: unknown) => {
        setError(toClientError(cause))
        setBusy(null)
        setRedeeming(false)
      })
  }

  useEffect(() => {
    const redeem = () => {
      ownerSecret = takeOwnerSecret(window) ?? ownerSecret
      if (ownerSecret === null) return
      const secret = ownerSecret
      ownerSecret = null
      setRedeeming(true)
      attempt('owner', () => auth.redeemOwnerLink(secret))
    }
    redeem()
    // A second link pasted over the first changes only the fragment: no page load tells about it.
    window.addEventListener('hashchange', redeem)
    return () => window.removeEventListener('hashchange', redeem)
  }, [])

  useEffect(() => {
    if (session.data?.user && !redeeming && !error) void router.navigate({ to: target, replace: true })
  }, [session.data, redeeming, error, router, target])

  if (redeeming) {
    return (
      <GatePage title="Signing in">
        <p role="status" className="flex items-center gap-2 text-sm text-text-2">
          <Spinner /> Checking your link…
        </p>
      </GatePage>
    )
  }
  if (error?.code === 'LINK_EXPIRED') return <ExpiredLink onOther={() => setError(null)} />
  if (session.error) {
    return (
      <GatePage title="Sign in">
        <LoadError
          error={session.error}
          title="The server did not answer."
          retry={session.refetch}
          busy={session.isFetching}
        />
      </GatePage>
    )
  }
  if (!session.data) {
    return (
      <GatePage title="Sign in">
        <Skeleton className="h-11 w-full" />
      </GatePage>
    )
  }
  const { providers, dev_login } = session.data.login
  return (
    <GatePage title={`Sign in to ${BRANDING.name}`}>
      <p className="text-sm text-text-2">
        The owner signs in with a one-time link. To get a new one, run this on the machine that {BRANDING.name} runs on:
      </p>
      <Command />
      <SignInOptions
        providers={providers}
        devLogin={dev_login}
        busy={busy}
        error={error}
        onDevLogin={(email) => attempt('dev', () => auth.devLogin(email))}
        onProvider={(id) => {
          setBusy(id)
          setError(null)
          void auth
            .providerUrl(id, base.slice(0, -1) + target)
            .then((url) => window.location.assign(url))
            .catch((cause: unknown) => {
              setError(toClientError(cause))
              setBusy(null)
            })
        }}
      />
    </GatePage>
  )
}

function Command() {
  return (
    <code className="block select-all rounded-sm border border-line bg-sunken px-3 py-2.5 text-sm">pilot link</code>
  )
}

function ExpiredLink({ onOther }: { onOther: () => void }) {
  return (
    <GatePage title="This link cannot be used any more">
      <p role="alert" className="text-sm text-text-2">
        A sign-in link works once and for ten minutes. This one was used before or is too old. Nothing else happened.
      </p>
      <p className="text-sm text-text-2">For a new one, run this on the machine that {BRANDING.name} runs on:</p>
      <Command />
      <Button size="lg" onClick={onOther}>
        Other ways to sign in
      </Button>
    </GatePage>
  )
}
