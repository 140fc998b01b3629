export { type Daemon, runDaemon } from './daemon.ts'
