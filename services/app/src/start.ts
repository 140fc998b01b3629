import { createStart } from '@tanstack/react-start'

/** Nothing is rendered on a server but the empty shell. */
export const startInstance = createStart(() => ({ defaultSsr: false }))
