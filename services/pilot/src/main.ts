// There may be fifty processes that hold a terminal, so they load nothing of the rest: not even the command line.
if (process.argv[2] === 'pty-host') {
  const { runPtyHost } = await import('@pilot/runtime/pty-host/run-host')
  process.exit(await runPtyHost())
} else {
  const { isEmulatorThread, serveEmulator } = await import('@pilot/runtime/emulator-thread')
  if (isEmulatorThread()) serveEmulator()
  else await import('./command-line.ts')
}

export {}
