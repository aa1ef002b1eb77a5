import type { InfiniteData } from '@tanstack/vue-query'

interface Page<T> {
  items: T[]
  next_cursor?: string | null
}

/**
 * A list that is read newest first, page by page, after its first page was read again: what was there takes its new form, what is
 * new stands on top, the rest stays. Null: the fresh page does not reach what is held, so everything has to be read anew.
 */
export function with_head<T extends { id: string }, P extends Page<T>>(held: InfiniteData<P, string>, fresh: P): InfiniteData<P, string> | null {
  const first = held.pages[0]
  if (!first) return { pages: [fresh], pageParams: [''] }
  if (!fresh.next_cursor) return { pages: [fresh], pageParams: [''] }
  const ids = new Set(fresh.items.map((one) => one.id))
  const meets = held.pages.some((page) => page.items.some((one) => ids.has(one.id)))
  if (!meets) return null
  const left = held.pages.map((page) => ({ ...page, items: page.items.filter((one) => !ids.has(one.id)) }))
  return { ...held, pages: left.map((page, at) => (at === 0 ? { ...page, items: [...fresh.items, ...page.items] } : page)) }
}

/**
 * What the fresh page says about rows that are shown, each in its place, and how many rows wait to go to the top. Where nothing is
 * shown yet nothing can jump: the fresh page is taken as it is.
 */
export function in_place<T extends { id: string }, P extends Page<T>>(held: InfiniteData<P, string>, fresh: P): { data: InfiniteData<P, string>; waiting: number } {
  if (held.pages.every((page) => page.items.length === 0)) return { data: { pages: [fresh], pageParams: [''] }, waiting: 0 }
  const now = new Map(fresh.items.map((one) => [one.id, one]))
  const data = { ...held, pages: held.pages.map((page) => ({ ...page, items: page.items.map((one) => now.get(one.id) ?? one) })) }
  const shown = data.pages.flatMap((page) => page.items.map((one) => one.id))
  // Read from the end of both: the longest tail of the fresh order that stands as it should; all before it has moved up.
  let at = shown.length - 1
  let waiting = fresh.items.length
  for (let i = fresh.items.length - 1; i >= 0; i -= 1) {
    const found = shown.lastIndexOf((fresh.items[i] as T).id, at)
    if (found < 0) break
    at = found - 1
    waiting = i
  }
  return { data, waiting }
}
