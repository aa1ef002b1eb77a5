import { onScopeDispose, shallowReactive } from 'vue'
import type { IconName } from '@/ui/icons'

/** One line of the palette: a page, a person, something recent or an action. */
export interface Entry {
  id: string
  kind: 'action' | 'page' | 'recent' | 'contact' | 'channel'
  text: string
  sub?: string
  icon: IconName
  keys?: string
  /** More words it is found by, like its name in the other language. */
  also?: string[]
  run: () => void
}

const offered = shallowReactive<Entry[]>([])
export const offered_actions: readonly Entry[] = offered

/** In a page's setup: actions on what is open or selected; they stand first in the palette while the page lives. */
export function use_actions(actions: Omit<Entry, 'kind'>[]): void {
  const entries = actions.map((action) => ({ ...action, kind: 'action' as const }))
  offered.push(...entries)
  onScopeDispose(() => {
    for (const entry of entries) offered.splice(offered.indexOf(entry), 1)
  })
}

/** How well a text answers the query: 0 not at all, more is better. Letters may be spread out, but in order. */
export function score(query: string, text: string): number {
  const q = query.toLowerCase().replace(/\s+/g, '')
  const s = text.toLowerCase()
  if (!q) return 1
  if (s === q) return 100
  if (s.startsWith(q)) return 80
  const at = s.indexOf(q)
  if (at > 0) return /[\s·(_-]/.test(s[at - 1] as string) ? 70 : 60
  let from = 0
  let gaps = 0
  for (const letter of q) {
    const found = s.indexOf(letter, from)
    if (found < 0) return 0
    if (from > 0) gaps += found - from
    from = found + 1
  }
  return gaps > 6 ? 0 : 30 - gaps
}

/** `sound` gives the words a text is also heard as: full pinyin and its initials. */
export function rank(query: string, entries: readonly Entry[], sound: (text: string) => string[] = () => []): Entry[] {
  if (!query.trim()) return [...entries]
  const weight = { action: 3, recent: 2, page: 1, contact: 0, channel: 0 }
  return entries
    .map((entry) => {
      const words = [entry.text, ...(entry.also ?? [])]
      const direct = Math.max(...words.map((word) => score(query, word)))
      const heard = /^[a-z\s]+$/i.test(query) ? Math.max(0, ...sound(entry.text).map((word) => score(query, word) * 0.9)) : 0
      return { entry, points: entry.kind === 'contact' || entry.kind === 'channel' ? Math.max(direct, heard, 20) : Math.max(direct, heard) } // found by the server, whatever by
    })
    .filter((one) => one.points > 0)
    .sort((a, b) => b.points + weight[b.entry.kind] - (a.points + weight[a.entry.kind]))
    .map((one) => one.entry)
}

/** Records opened last, by id only: names are read again, so nobody's data stays in the browser. */
const recent: Entry[] = []
export function remember(entry: Omit<Entry, 'kind'>): void {
  const at = recent.findIndex((one) => one.id === entry.id)
  if (at >= 0) recent.splice(at, 1)
  recent.unshift({ ...entry, kind: 'recent' })
  recent.splice(8)
}
export const recent_entries = (): readonly Entry[] => recent
