import { ProcedureRunner } from '@pilot/chamber-ui/management/procedure-runner.tsx'
import { SkeletonRows } from '@pilot/chamber-ui/primitives/skeleton.tsx'
import { PageBody, PageHeader, Section } from '@pilot/chamber-ui/shell/page-header.tsx'
import { useQuery } from '@tanstack/react-query'
import { useDocumentTitle } from '../lib/document-title.ts'
import { gateway } from '../lib/gateway.ts'
import { useCall } from '../lib/use-call.ts'
import { LoadError } from './load-error.tsx'
import { NotFoundScreen } from './not-found-screen.tsx'

/** Tools of a platform admin; for everybody else this address has nothing. */
export function AdminScreen() {
  useDocumentTitle('Admin')
  const session = useQuery(gateway.query('user.session'))
  const admin = session.data?.user?.role === 'admin'
  const procedures = useQuery({ ...gateway.query('admin.list_procedures'), enabled: admin })
  const info = useQuery({ ...gateway.query('admin.session_info'), enabled: admin })
  const call = useCall('admin.call_procedure')
  if (!admin) return <NotFoundScreen />
  return (
    <>
      <PageHeader title="Admin" />
      <PageBody>
        <Section title="Procedures" hint="every call is written to the audit log">
          {procedures.data ? (
            <ProcedureRunner
              procedures={procedures.data}
              busy={call.isPending}
              result={call.data?.result}
              error={call.error}
              onCall={(path, input) => call.mutate({ path, input })}
            />
          ) : procedures.error ? (
            <LoadError
              error={procedures.error}
              title="The procedures could not be listed."
              retry={procedures.refetch}
              busy={procedures.isFetching}
            />
          ) : (
            <SkeletonRows label="Loading the procedures" />
          )}
        </Section>
        <Section title="This session">
          {info.data ? (
            <pre className="whitespace-pre-wrap break-all rounded-sm bg-sunken p-3 text-xs">
              {JSON.stringify(info.data, null, 2)}
            </pre>
          ) : info.error ? (
            <LoadError
              error={info.error}
              title="The session could not be read."
              retry={info.refetch}
              busy={info.isFetching}
            />
          ) : (
            <SkeletonRows rows={1} label="Loading" />
          )}
        </Section>
      </PageBody>
    </>
  )
}
