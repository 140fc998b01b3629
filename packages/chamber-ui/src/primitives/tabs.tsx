import { Tabs as Radix } from 'radix-ui'
import type { ComponentProps } from 'react'
import { cn } from './cn.ts'

export const Tabs = Radix.Root

/** The row of tab labels; stands in a header and shares its bottom line. */
export function TabsList({ className, ...props }: ComponentProps<typeof Radix.List>) {
  return <Radix.List className={cn('flex h-full gap-0.5 overflow-x-auto', className)} {...props} />
}

export function TabsTrigger({ className, ...props }: ComponentProps<typeof Radix.Trigger>) {
  return (
    <Radix.Trigger
      className={cn(
        '-mb-px min-h-8.5 whitespace-nowrap border-transparent border-b-2 px-2.5 font-medium text-sm text-text-2 hover:text-text focus-visible:-outline-offset-2 data-[state=active]:border-text data-[state=active]:text-text touch:min-h-11',
        className,
      )}
      {...props}
    />
  )
}

export const TabsContent = Radix.Content
