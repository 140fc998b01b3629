import { createFileRoute } from '@tanstack/react-router'

/** What the prerendered shell is made of: nothing. No browser ever asks for this path, it lies among the assets. */
export const Route = createFileRoute('/assets/shell')({ component: () => null })
