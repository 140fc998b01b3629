import type { ModelSettingsView } from '@pilot/protocol/api/views'
import { Button } from '../primitives/button.tsx'
import { State } from '../primitives/state.tsx'
import { MODEL_PROVIDERS } from './model-form.tsx'

interface ModelNoteProps {
  settings: ModelSettingsView
  onConnect: () => void
  /** Only admins and owners may change it. */
  mayChange: boolean
}

/** Which model works here; the demo model is called what it is. */
export function ModelNote({ settings, onConnect, mayChange }: ModelNoteProps) {
  const demo = settings.provider === 'demo'
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-md border border-line px-3.5 py-3 max-md:bg-surface">
      <State kind={demo ? 'unknown' : 'good'}>{demo ? 'Demo model' : MODEL_PROVIDERS[settings.provider].label}</State>
      <p className="min-w-0 flex-1 basis-60 text-sm text-text-2">
        {demo
          ? 'It plays a script with real tools, so that you can try everything without a key. It does not think.'
          : settings.model || 'The recommended model.'}
      </p>
      {mayChange ? (
        <Button onClick={onConnect} className="max-md:w-full">
          {demo ? 'Connect a model…' : 'Change…'}
        </Button>
      ) : null}
    </div>
  )
}
