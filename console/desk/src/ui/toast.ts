import { shallowReactive } from 'vue'

export interface Toast {
  id: number
  text: string
  kind: 'ok' | 'info' | 'warn' | 'bad'
  undo?: (() => void) | undefined
  action?: { text: string; run: () => void } | undefined
}

const shown = shallowReactive<Toast[]>([])
export const toasts: readonly Toast[] = shown
const timers = new Map<number, ReturnType<typeof setTimeout>>()
let next = 1

export function drop_toast(id: number): void {
  clearTimeout(timers.get(id))
  timers.delete(id)
  const at = shown.findIndex((toast) => toast.id === id)
  if (at >= 0) shown.splice(at, 1)
}

export function hold_toast(id: number): void {
  clearTimeout(timers.get(id))
}

export function let_toast_go(id: number, ms = 5000): void {
  clearTimeout(timers.get(id))
  timers.set(id, setTimeout(() => drop_toast(id), ms))
}

/** Says what just happened. With `undo` it stays 10 s and Ctrl+Z takes it back too. */
export function toast(text: string, options: Partial<Omit<Toast, 'id' | 'text'>> = {}): number {
  const entry: Toast = { kind: 'ok', ...options, id: next++, text }
  shown.push(entry)
  if (shown.length > 4) drop_toast((shown[0] as Toast).id)
  let_toast_go(entry.id, entry.undo ? 10_000 : entry.kind === 'bad' ? 8000 : 4000)
  return entry.id
}

/** Takes the newest thing back that can be; false when there is none. */
export function undo_last(): boolean {
  const entry = [...shown].reverse().find((one) => one.undo)
  if (!entry) return false
  drop_toast(entry.id)
  entry.undo?.()
  return true
}
