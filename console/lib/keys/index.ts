import { createKeybindingsHandler } from 'tinykeys'
import { onScopeDispose, shallowReactive } from 'vue'

/**
 * Keys of the page and of the shell. A binding is tinykeys' words: 'j', 'g c', '$mod+k', 'Shift+?'. Keys without a modifier do
 * nothing in fields, during composition, over an open dialog, and where the person switched them off. Later bindings win.
 */
export interface Key {
  keys: string
  /** i18n key of what it does, shown by `?`; '' keeps it out of the list. */
  label: string
  run: (event: KeyboardEvent) => void
  /** Also inside fields and dialogs; only for bindings with a modifier or Escape. */
  everywhere?: boolean
}

const bound = shallowReactive<Key[]>([])
export const bound_keys: readonly Key[] = bound

let single_keys = true
export function allow_single_keys(on: boolean): void {
  single_keys = on
}

export function typing(target: EventTarget | null): boolean {
  const element = target instanceof Element ? target : null
  return !!element?.closest('input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true]')
}

const with_modifier = (keys: string) => /\$mod|Control|Alt|Meta/.test(keys)

function allowed(key: Key, event: KeyboardEvent): boolean {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return false
  if (key.everywhere) return true
  if (document.querySelector('[aria-modal=true]')) return false
  if (!with_modifier(key.keys)) {
    if (!single_keys && key.keys !== 'Escape') return false
    if (typing(event.target)) return false
    const target = event.target instanceof Element ? event.target : null
    const control = target?.closest('button, a, [role=menuitem], [role=option], [role=tab], input, summary')
    if (control && (key.keys === 'Space' || key.keys === 'Enter')) return false // the control under the focus acts
  }
  return true
}

let handler: ((event: KeyboardEvent) => void) | null = null

function rebuild(): void {
  const map: Record<string, (event: KeyboardEvent) => void> = {}
  for (const key of bound) {
    map[key.keys] = (event) => {
      if (!allowed(key, event)) return
      event.preventDefault()
      key.run(event)
    }
  }
  const next = createKeybindingsHandler(map)
  if (handler) window.removeEventListener('keydown', handler as EventListener)
  handler = next as (event: KeyboardEvent) => void
  window.addEventListener('keydown', handler as EventListener)
}

export function bind_keys(keys: Key[]): () => void {
  bound.push(...keys)
  rebuild()
  return () => {
    for (const key of keys) {
      const at = bound.indexOf(key)
      if (at >= 0) bound.splice(at, 1)
    }
    rebuild()
  }
}

/** In a component's setup: bound while it lives. */
export function use_keys(keys: Key[]): void {
  onScopeDispose(bind_keys(keys))
}

const mac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform)

/** How a binding is written for people: ['Ctrl', 'K'], ['g', 'c']. */
export function key_caps(keys: string): string[] {
  const names: Record<string, string> = { $mod: mac ? '⌘' : 'Ctrl', Escape: 'Esc', ' ': 'Space', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' }
  return keys.split(' ').flatMap((press) => press.split('+').filter((part) => part !== 'Shift' || /\+[A-Za-z]/.test(press)).map((part) => names[part] ?? (part.length === 1 && press.includes('$mod') ? part.toUpperCase() : part)))
}
