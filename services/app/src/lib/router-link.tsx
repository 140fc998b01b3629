import type { LinkProps } from '@pilot/chamber-ui/shell/link.tsx'
import { Link } from '@tanstack/react-router'

/** A link of the components, followed by the router: no page load, and the target's code is fetched on hover. */
export function RouterLink({ href, ...props }: LinkProps) {
  const [path = '', query = ''] = href.split('?')
  const search = Object.fromEntries(new URLSearchParams(query))
  // The caller says which link is the present page; the router would also mark every parent of it.
  return <Link to={path} search={search} activeOptions={{ exact: true, includeSearch: false }} {...props} />
}
