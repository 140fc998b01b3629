import { Button } from '@pilot/chamber-ui/primitives/button.tsx'
import { EmptyState } from '@pilot/chamber-ui/primitives/notice.tsx'
import { AppLink } from '@pilot/chamber-ui/shell/link.tsx'
import { Compass } from 'lucide-react'
import { useDocumentTitle } from '../lib/document-title.ts'

/** Nothing lives at this address, or it is not for this user: both look the same on purpose. */
export function NotFoundScreen() {
  useDocumentTitle('Not found')
  return (
    <div className="grid min-h-[60dvh] flex-1 place-items-center">
      <EmptyState
        icon={<Compass />}
        title="There is nothing at this address"
        action={
          <Button asChild variant="primary">
            <AppLink href="/">Go to the start</AppLink>
          </Button>
        }
      >
        It may have been renamed or deleted, or you may not be a member of it. Nothing was created by coming here.
      </EmptyState>
    </div>
  )
}
