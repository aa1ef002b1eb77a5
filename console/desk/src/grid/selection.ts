/**
 * What is ticked, as a query less exceptions or as ids: never the ids of one page. All functions are pure.
 */
export type Selection =
  | { mode: 'ids'; ids: string[] }
  | { mode: 'query'; query: Query; query_hash: string; count: number; except: string[] }

/** What the list asks the server, without paging and sorting. */
export interface Query {
  condition?: unknown
  q?: string
}

export const nothing: Selection = { mode: 'ids', ids: [] }

export function has(selection: Selection, id: string): boolean {
  return selection.mode === 'ids' ? selection.ids.includes(id) : !selection.except.includes(id)
}

export function size(selection: Selection): number {
  return selection.mode === 'ids' ? selection.ids.length : Math.max(0, selection.count - selection.except.length)
}

const without = (list: string[], id: string) => list.filter((one) => one !== id)
const joined = (list: string[], more: string[]) => [...new Set([...list, ...more])]

export function toggle(selection: Selection, id: string): Selection {
  if (selection.mode === 'ids') {
    return { mode: 'ids', ids: has(selection, id) ? without(selection.ids, id) : [...selection.ids, id] }
  }
  const except = has(selection, id) ? [...selection.except, id] : without(selection.except, id)
  return { ...selection, except }
}

/** Ticks or clears some rows, like a page or a range. */
export function set_rows(selection: Selection, ids: string[], on: boolean): Selection {
  if (selection.mode === 'ids') {
    return { mode: 'ids', ids: on ? joined(selection.ids, ids) : selection.ids.filter((id) => !ids.includes(id)) }
  }
  return { ...selection, except: on ? selection.except.filter((id) => !ids.includes(id)) : joined(selection.except, ids) }
}

export function select_query(query: Query, query_hash: string, count: number): Selection {
  return { mode: 'query', query, query_hash, count, except: [] }
}

/** 'all', 'some' or 'none' of these rows: the state of the box in the header. */
export function of_rows(selection: Selection, ids: string[]): 'all' | 'some' | 'none' {
  const on = ids.filter((id) => has(selection, id)).length
  return on === 0 ? 'none' : on === ids.length ? 'all' : 'some'
}

/** The body of POST bulk for it: the hash and the count that were shown travel along. */
export function bulk_body(selection: Selection, action: unknown): Record<string, unknown> {
  if (selection.mode === 'ids') return { query: { ids: selection.ids }, expected_count: selection.ids.length, action }
  const query = { ...selection.query, ...(selection.except.length ? { except: selection.except } : {}) }
  return { query, query_hash: selection.query_hash, expected_count: size(selection), action }
}
