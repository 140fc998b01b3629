import { slugBase } from '@pilot/domain/slugs'
import type { MachineView } from '@pilot/protocol/api/views'
import { useState } from 'react'
import { Button } from '../primitives/button.tsx'
import { DialogActions } from '../primitives/dialog.tsx'
import { Field, Input } from '../primitives/field.tsx'
import type { ErrorFacts } from '../primitives/notice.tsx'
import { Select } from '../primitives/select.tsx'
import { FormError } from './form-error.tsx'
import { type SlugAnswer, SlugField, slugVerdict } from './slug-field.tsx'

export interface NewWorkspace {
  name: string
  slug: string
  directory: string
  runtime_id: string
}

interface AddDirectoryFormProps {
  machines: readonly MachineView[]
  /** Asked on every change of the address. */
  onSlug: (slug: string) => void
  slugAnswer: SlugAnswer | null
  urlPrefix: string
  busy: boolean
  error: ErrorFacts | null
  onSubmit: (workspace: NewWorkspace) => void
  onCancel: () => void
}

/** Last part of a path, whatever slash it is written with. */
export function directoryName(path: string): string {
  return path.split(/[/\\]/).filter(Boolean).at(-1) ?? ''
}

/** True for a path from the root of a disk, on any system; `~` is somebody's home and therefore not. */
export function isAbsolute(path: string): boolean {
  return path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)
}

/** Makes a directory of a machine a workspace. Name and address follow the directory until they are typed. */
export function AddDirectoryForm(props: AddDirectoryFormProps) {
  const usable = props.machines.filter((machine) => machine.state === 'started' && machine.runtime)
  const online = usable.filter((machine) => machine.runtime?.online)
  const [directory, setDirectory] = useState('')
  const [typedName, setTypedName] = useState<string | null>(null)
  const [typedSlug, setTypedSlug] = useState<string | null>(null)
  const [runtime, setRuntime] = useState<string>((online[0] ?? usable[0])?.runtime?.id ?? '')
  const [tried, setTried] = useState(false)

  const name = typedName ?? directoryName(directory)
  const slug = typedSlug ?? (name ? slugBase(name) : '')
  const set = (change: { directory?: string; name?: string; slug?: string }) => {
    if (change.directory !== undefined) setDirectory(change.directory)
    if (change.name !== undefined) setTypedName(change.name)
    if (change.slug !== undefined) setTypedSlug(change.slug)
    const nextName = change.name ?? typedName ?? directoryName(change.directory ?? directory)
    const nextSlug = change.slug ?? typedSlug ?? (nextName ? slugBase(nextName) : '')
    if (nextSlug !== slug) props.onSlug(nextSlug)
  }

  const path = directory.trim()
  const directoryError = isAbsolute(path) ? null : 'Enter the whole path, such as /home/you/projects/shop.'
  const nameError = name.trim() === '' ? 'Enter a name.' : null
  const verdict = slugVerdict(slug, props.slugAnswer)
  const ready = !directoryError && !nameError && verdict.kind !== 'bad' && verdict.kind !== 'empty' && runtime !== ''
  const refused = props.error
  const at = (codes: readonly string[]) => (refused && codes.includes(refused.code) ? refused.message : null)
  const refusedDirectory = at(['WORKSPACE_ROOT_INVALID', 'PATH_OUTSIDE_WORKSPACE', 'GIT_UNAVAILABLE'])
  const refusedSlug = at(['SLUG_TAKEN', 'SLUG_RESERVED'])

  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        setTried(true)
        if (ready && !props.busy) props.onSubmit({ name: name.trim(), slug, directory: path, runtime_id: runtime })
      }}
    >
      <Field
        label="Directory"
        error={refusedDirectory ?? (tried ? directoryError : null)}
        hint="A directory on the machine. It stays where it is."
      >
        {(control) => (
          <Input
            {...control}
            value={directory}
            placeholder="/home/you/projects/shop"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            className="font-mono"
            onChange={(event) => set({ directory: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Machine"
        hint={online.length === 0 ? 'This machine is offline; the directory is looked at when it is back.' : undefined}
      >
        {(control) => (
          <Select
            {...control}
            value={runtime}
            onValueChange={setRuntime}
            options={usable.map((machine) => ({
              value: machine.runtime?.id ?? '',
              label: machine.runtime?.online ? machine.name : `${machine.name} (offline)`,
            }))}
          />
        )}
      </Field>
      <Field label="Name" error={tried ? nameError : null}>
        {(control) => (
          <Input {...control} value={name} maxLength={80} onChange={(event) => set({ name: event.target.value })} />
        )}
      </Field>
      <SlugField
        value={slug}
        onValueChange={(value) => set({ slug: value })}
        answer={props.slugAnswer}
        prefix={props.urlPrefix}
        error={refusedSlug ?? (tried && verdict.kind === 'empty' ? 'Enter an address.' : null)}
      />
      <FormError error={refusedDirectory || refusedSlug ? null : refused} />
      <DialogActions>
        <Button onClick={props.onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={props.busy}>
          Add directory
        </Button>
      </DialogActions>
    </form>
  )
}
