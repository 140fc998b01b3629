import { iconUrl, manifestUrl } from 'virtual:brand-assets'
import { accentCss, BRANDING } from '@pilot/chamber-ui/branding.ts'
import { Toaster } from '@pilot/chamber-ui/primitives/toaster.tsx'
import { TooltipProvider } from '@pilot/chamber-ui/primitives/tooltip.tsx'
import { QueryClientProvider } from '@tanstack/react-query'
import { createRootRoute, HeadContent, Outlet, Scripts, useHydrated } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import styles from '../app.css?url'
import { assetUrl } from '../lib/asset-url.ts'
import { queryClient } from '../lib/gateway.ts'
import { THEME_SCRIPT } from '../lib/theme.ts'

export const Route = createRootRoute({
  head: () => ({
    meta: [
      { charSet: 'utf-8' },
      {
        name: 'viewport',
        content: 'width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content',
      },
      { title: BRANDING.name },
      { name: 'description', content: BRANDING.tagline },
    ],
    links: [
      { rel: 'stylesheet', href: styles },
      { rel: 'icon', type: 'image/svg+xml', href: assetUrl(iconUrl) },
      { rel: 'manifest', href: assetUrl(manifestUrl) },
    ],
    styles: [{ children: accentCss() }],
    scripts: [{ children: THEME_SCRIPT }],
  }),
  shellComponent: Shell,
  component: Root,
})

function Shell({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        <HeadContent />
        <meta name="theme-color" media="(prefers-color-scheme: light)" content={BRANDING.themeColor.light} />
        <meta name="theme-color" media="(prefers-color-scheme: dark)" content={BRANDING.themeColor.dark} />
      </head>
      <body>
        {children}
        <Scripts />
      </body>
    </html>
  )
}

function Root() {
  // The shell has no page's content, so the first drawing must have none either, even where everything is there already.
  const hydrated = useHydrated()
  return (
    <QueryClientProvider client={queryClient}>
      <TooltipProvider>
        {hydrated ? <Outlet /> : null}
        <Toaster />
      </TooltipProvider>
    </QueryClientProvider>
  )
}
