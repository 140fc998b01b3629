import { useEffect } from 'react'
import { Toaster as Sonner, toast } from 'sonner'

export type Sink = typeof toast

/** The library behind the toasts; fetched with the first one. */
export function ToasterView({ onReady }: { onReady: (sink: Sink) => void }) {
  useEffect(() => onReady(toast), [onReady])
  return (
    <Sonner
      position="bottom-right"
      mobileOffset={{ bottom: 'calc(72px + env(safe-area-inset-bottom))' }}
      gap={8}
      toastOptions={{
        unstyled: true,
        classNames: {
          toast:
            'flex w-full items-center gap-3 rounded-md border border-line bg-raised px-4 py-3 text-sm text-text shadow-float [&_[data-icon]]:shrink-0',
          title: 'font-medium',
          description: 'text-text-2',
          actionButton: 'ml-auto shrink-0 font-medium text-accent touch:min-h-11',
          error: '[&_[data-icon]]:text-bad',
          success: '[&_[data-icon]]:text-good',
        },
      }}
    />
  )
}
