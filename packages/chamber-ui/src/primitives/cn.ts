import { type ClassValue, clsx } from 'clsx'

/**
 * Joins class names. Of two that set the same property the style sheet's order decides, not theirs: pass a component
 * what it does not set itself, and choose among its variants otherwise.
 */
export function cn(...values: ClassValue[]): string {
  return clsx(values)
}
