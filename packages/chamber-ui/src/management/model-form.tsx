import type { ModelSettingsView } from '@pilot/protocol/api/views'
import { useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { DialogActions } from '../primitives/dialog.tsx'
import { Field, Input } from '../primitives/field.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { Select } from '../primitives/select.tsx'
import { FormError } from './form-error.tsx'

export type ModelProvider = ModelSettingsView['provider']

/** What a provider needs: its name, where its keys come from, and an example of a model's name. */
export const MODEL_PROVIDERS: Record<ModelProvider, { label: string; keyHint: string; model: string }> = {
  openrouter: { label: 'OpenRouter', keyHint: 'From openrouter.ai/keys.', model: 'anthropic/claude-sonnet-4.5' },
  anthropic: { label: 'Anthropic', keyHint: 'From console.anthropic.com.', model: 'claude-sonnet-4-5' },
  openai: { label: 'OpenAI', keyHint: 'From platform.openai.com.', model: 'gpt-5.1' },
  custom: { label: 'Any OpenAI-compatible address', keyHint: 'As your server asks for it.', model: 'model-name' },
  demo: { label: 'Demo model (no key)', keyHint: '', model: '' },
}
const ORDER = ['openrouter', 'anthropic', 'openai', 'custom', 'demo'] as const

export interface ModelChoice {
  provider: ModelProvider
  model: string
  base_url: string
  api_key?: string
}

interface ModelFormProps {
  settings: ModelSettingsView
  busy: boolean
  error: ErrorFacts | null
  onSubmit: (choice: ModelChoice) => void
  onCancel: () => void
}

/** Chooses the model of an instance. A stored key is never shown; leaving the field empty keeps it. */
export function ModelForm({ settings, busy, error, onSubmit, onCancel }: ModelFormProps) {
  const [provider, setProvider] = useState<ModelProvider>(
    settings.provider === 'demo' && !settings.has_key ? 'openrouter' : settings.provider,
  )
  const [model, setModel] = useState(settings.model)
  const [baseUrl, setBaseUrl] = useState(settings.base_url)
  const [key, setKey] = useState('')
  const [tried, setTried] = useState(false)
  const stored = settings.has_key && settings.provider === provider
  const facts = MODEL_PROVIDERS[provider]
  const demo = provider === 'demo'
  const keyError = demo || stored || key.trim() !== '' ? null : 'Enter a key.'
  const urlError =
    provider === 'custom' && !/^https?:\/\/\S+$/.test(baseUrl) ? 'Enter an address such as https://host/v1.' : null
  const refusedKey = error?.code === 'MODEL_REFUSED' ? error.message : null
  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (keyError || urlError || busy) return
        const fields = demo ? { model: '', base_url: '' } : { model: model.trim(), base_url: baseUrl.trim() }
        onSubmit({ provider, ...fields, ...(key.trim() && !demo ? { api_key: key.trim() } : {}) })
      }}
    >
      <Field label="Provider">
        {(control) => (
          <Select
            {...control}
            value={provider}
            onValueChange={(value) => {
              const next = ORDER.find((candidate) => candidate === value)
              if (next) setProvider(next)
            }}
            options={ORDER.map((value) => ({ value, label: MODEL_PROVIDERS[value].label }))}
          />
        )}
      </Field>
      {demo ? (
        <p className="text-sm text-text-2">
          It plays a script with real tools, so that everything can be tried without a key. It does not think. A stored
          key is forgotten.
        </p>
      ) : (
        <>
          <Field
            label="Key"
            error={refusedKey ?? (tried ? keyError : null)}
            hint={
              stored
                ? 'A key is stored. Leave this empty to keep it.'
                : `${facts.keyHint} Stored sealed, never shown again.`
            }
          >
            {(control) => (
              <Input
                {...control}
                type="password"
                value={key}
                autoComplete="off"
                data-1p-ignore
                placeholder={stored ? '••••••••••••' : ''}
                onChange={(event) => setKey(event.target.value)}
              />
            )}
          </Field>
          {provider === 'custom' ? (
            <Field label="Address" error={tried ? urlError : null} hint="The part before /chat/completions.">
              {(control) => (
                <Input
                  {...control}
                  type="url"
                  inputMode="url"
                  value={baseUrl}
                  placeholder="https://host/v1"
                  className="font-mono"
                  onChange={(event) => setBaseUrl(event.target.value)}
                />
              )}
            </Field>
          ) : null}
          <Field label="Model" hint={provider === 'custom' ? undefined : 'Leave empty for the recommended one.'}>
            {(control) => (
              <Input
                {...control}
                value={model}
                placeholder={facts.model}
                autoComplete="off"
                autoCapitalize="none"
                spellCheck={false}
                className="font-mono"
                onChange={(event) => setModel(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
      <FormError error={refusedKey ? null : error} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {demo ? 'Use the demo model' : 'Connect'}
        </Button>
      </DialogActions>
    </form>
  )
}
