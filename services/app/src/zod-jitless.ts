import { config } from 'zod/v4/core'

// Compiled parsers need `new Function`, which the content security policy refuses. This must be set before the first
// schema is made; standing in for the library itself is the only place that always comes first.
config({ jitless: true })

export * from 'zod/v4'
