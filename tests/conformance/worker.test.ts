import { conformance } from './support/cases.ts'
import { startWorker } from './support/target.ts'

conformance('cloud shell', startWorker, true)
