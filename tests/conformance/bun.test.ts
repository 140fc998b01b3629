import { conformance } from './support/cases.ts'
import { startBun } from './support/target.ts'

conformance('self-hosted shell', startBun, false)
