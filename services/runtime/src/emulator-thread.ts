/** Entry of a thread that draws a terminal, for the program that holds everything in one file. */
export { isEmulatorThread, serveEmulator } from '@pilot/backend/terminal/emulator/worker'
