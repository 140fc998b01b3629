/**
 * tmux forgets how a program ended once its pane is gone, and a pane that stays is not what somebody expects who attaches
 * with plain tmux. So the program of a session of ours is started by a shell that writes its status down.
 */

/**
 * Runs the program and passes its status on. A key that the terminal turns into a signal for everybody in it must not end
 * the shell before the program; the program itself gets it as ever. A hang-up does end the shell: it leads the session, so
 * that only its end has the system tell the program that its terminal is gone.
 */
const SCRIPT = 'trap : INT QUIT; file=$1; shift; "$@"; status=$?; printf %s "$status" > "$file"; exit "$status"'
/** What the shell is called in a list of processes. */
export const KEEPER = 'sh'

/** The command line that runs `argv` and leaves its exit status in `file`. */
export const recordingExit = (file: string, argv: readonly string[]): string[] => [
  ...[`/bin/${KEEPER}`, '-c', SCRIPT, KEEPER],
  ...[file, ...argv],
]

/**
 * The status in such a file, null when it says none. A program that was ended by a signal counts as every shell has it:
 * 128 and the signal's number.
 */
export function exitStatus(content: string): number | null {
  const status = Number(content)
  return /^\d{1,3}$/.test(content) && status <= 255 ? status : null
}
