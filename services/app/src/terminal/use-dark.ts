import { useMedia } from '@pilot/chamber-ui/primitives/use-media.ts'
import { useTheme } from '../lib/theme.ts'

/** True while the app is dark on this device, by choice or by the system's. */
export function useDark(): boolean {
  const theme = useTheme()
  const system = useMedia('(prefers-color-scheme: dark)')
  return theme === 'dark' || (theme === 'system' && system)
}
