import { LoaderCircle } from 'lucide-react'
import { cn } from './cn.ts'

/** Something is under way. Decorative: say in words what is awaited. */
export function Spinner({ className }: { className?: string }) {
  return <LoaderCircle aria-hidden="true" className={cn('size-4 animate-spin', className)} />
}
