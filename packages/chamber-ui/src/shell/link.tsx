import { type ComponentProps, type ComponentType, createContext, type ReactNode, useContext } from 'react'

/** A link inside the app. `href` is a path as the routes know it, without the base path. */
export type LinkProps = Omit<ComponentProps<'a'>, 'href'> & { href: string }

function PlainLink(props: LinkProps) {
  return <a {...props}>{props.children}</a>
}

const LinkContext = createContext<ComponentType<LinkProps>>(PlainLink)

/** Says how links of the app are followed; these components know no router. */
export function LinkProvider({ component, children }: { component: ComponentType<LinkProps>; children: ReactNode }) {
  return <LinkContext value={component}>{children}</LinkContext>
}

/** A link that the app's router follows; a real anchor, so it can be copied and opened in a new tab. */
export function AppLink(props: LinkProps) {
  const Component = useContext(LinkContext)
  return <Component {...props} />
}
