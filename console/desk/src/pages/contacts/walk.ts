import { onBeforeRouteLeave } from 'vue-router'

/** The contacts of the list somebody came from, in its order; kept in this tab, so that a reload knows them. */
const place = 'lb.walk'

function kept(): string[] {
  try {
    const ids: unknown = JSON.parse(sessionStorage.getItem(place) ?? '[]')
    return Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : []
  } catch {
    return []
  }
}

/** In a list's setup: whoever goes from it to a contact may go through the others there. */
export function keep_walk(ids: () => string[]): void {
  onBeforeRouteLeave((to) => {
    if (to.name !== 'contact') return
    try {
      sessionStorage.setItem(place, JSON.stringify([...new Set(ids())]))
    } catch {
      // storage is full or blocked: one goes back to the list
    }
  })
}

export interface Walk {
  at: number
  of: number
  previous: string
  next: string
}

/** Where a contact stands among them; null when it is not one of them. '' at either end. */
export function walk_at(id: string, ids: readonly string[] = kept()): Walk | null {
  const at = ids.indexOf(id)
  return at < 0 || ids.length < 2 ? null : { at: at + 1, of: ids.length, previous: ids[at - 1] ?? '', next: ids[at + 1] ?? '' }
}
