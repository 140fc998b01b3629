import { ArrowDown, ArrowLeft, ArrowRight, ArrowUp, ClipboardPaste, type LucideIcon, MousePointer2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { cn } from '../primitives/cn.ts'
import type { Modifier, StickyKeys, StickyState } from './key-bar-model.ts'

const key =
  'grid h-11 min-w-11 shrink-0 select-none place-items-center rounded-[8px] border border-line bg-surface px-2.5 font-medium text-sm text-text active:bg-sunken disabled:opacity-55 [&_svg]:size-4.5'

const MODIFIERS = [
  { name: 'ctrl', word: 'Ctrl' },
  { name: 'alt', word: 'Alt' },
] as const
const ARROWS: readonly { key: string; label: string; icon: LucideIcon }[] = [
  { key: 'ArrowLeft', label: 'Left', icon: ArrowLeft },
  { key: 'ArrowDown', label: 'Down', icon: ArrowDown },
  { key: 'ArrowUp', label: 'Up', icon: ArrowUp },
  { key: 'ArrowRight', label: 'Right', icon: ArrowRight },
]
const CHARACTERS = [
  { text: '-', label: 'Minus' },
  { text: '/', label: 'Slash' },
  { text: '|', label: 'Pipe' },
  { text: '~', label: 'Tilde' },
]
const MORE = [
  { key: 'Home', word: 'Home' },
  { key: 'End', word: 'End' },
  { key: 'PageUp', word: 'PgUp' },
  { key: 'PageDown', word: 'PgDn' },
]

interface KeyBarProps {
  sticky: StickyKeys
  disabled: boolean
  onModifier: (modifier: Modifier) => void
  /** A key by its KeyboardEvent name. */
  onKey: (key: string) => void
  onText: (text: string) => void
  onPaste: () => void
  onSelectText: () => void
}

/** Keys that a phone's keyboard has not. */
export function KeyBar({ sticky, disabled, onModifier, onKey, onText, onPaste, onSelectText }: KeyBarProps) {
  return (
    <div
      role="toolbar"
      aria-label="Keys"
      className="flex shrink-0 gap-1 overflow-x-auto border-line border-t bg-bg p-1.5 pb-[max(6px,env(safe-area-inset-bottom))] [scrollbar-width:none]"
    >
      <Key disabled={disabled} onPress={() => onKey('Escape')}>
        Esc
      </Key>
      <Key disabled={disabled} onPress={() => onKey('Tab')}>
        Tab
      </Key>
      {MODIFIERS.map(({ name, word }) => (
        <Key
          key={name}
          pressed={sticky[name] !== 'off'}
          className={lookOf(sticky[name])}
          onPress={() => onModifier(name)}
          disabled={disabled}
        >
          {word}
          {sticky[name] === 'locked' ? <span className="sr-only">, locked</span> : null}
        </Key>
      ))}
      {ARROWS.map(({ key: name, label, icon: Icon }) => (
        <Key key={name} disabled={disabled} label={label} onPress={() => onKey(name)}>
          <Icon aria-hidden="true" />
        </Key>
      ))}
      <Key disabled={disabled} label="Paste" onPress={onPaste}>
        <ClipboardPaste aria-hidden="true" />
      </Key>
      {CHARACTERS.map(({ text, label }) => (
        <Key key={text} disabled={disabled} label={label} onPress={() => onText(text)}>
          <span aria-hidden="true" className="font-mono">
            {text}
          </span>
        </Key>
      ))}
      {MORE.map(({ key: name, word }) => (
        <Key key={name} disabled={disabled} onPress={() => onKey(name)}>
          {word}
        </Key>
      ))}
      <Key disabled={false} label="Select text" onPress={onSelectText}>
        <MousePointer2 aria-hidden="true" />
      </Key>
    </div>
  )
}

interface KeyProps {
  /** What it does, for a key that shows only a sign. */
  label?: string
  disabled: boolean
  pressed?: boolean
  className?: string
  onPress: () => void
  children: ReactNode
}

/** Pressing it takes no focus from the field, and so no keyboard from the screen. */
function Key({ label, disabled, pressed, className, onPress, children }: KeyProps) {
  return (
    <button
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      onPointerDown={(event) => event.preventDefault()}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onPress}
      className={cn(key, className)}
    >
      {children}
    </button>
  )
}

function lookOf(state: StickyState): string {
  if (state === 'off') return ''
  return state === 'locked'
    ? 'border-accent! bg-accent! text-on-accent! underline underline-offset-4'
    : 'border-accent! bg-accent! text-on-accent!'
}
