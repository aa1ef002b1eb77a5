import { QueryClient, keepPreviousData, type QueryKey } from '@tanstack/vue-query'
import { Problem } from '../api/problem'

/**
 * Server state. A key begins with the API path: ['contacts', params], ['contacts', id], ['contacts', id, 'timeline'];
 * so `refresh('contacts')` reaches all of them.
 */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 5 * 60_000,
      placeholderData: keepPreviousData,
      refetchOnWindowFocus: false,
      networkMode: 'always', // an outage is an error we show, never a silent pause
      retry: (count, error) => error instanceof Problem && (error.offline || error.status === 429 || error.status === 503) && count < 2,
      retryDelay: (count, error) => (error instanceof Problem && error.retry_after > 0 ? error.retry_after * 1000 : 500 * 2 ** count),
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

export function refresh(...key: QueryKey): Promise<void> {
  return queries.invalidateQueries({ queryKey: key })
}

type Row = { id: string }

function patched(value: unknown, id: string, patch: object): unknown {
  if (!value || typeof value !== 'object') return value
  if ((value as Row).id === id) return { ...value, ...patch }
  if ('pages' in value && Array.isArray(value.pages)) {
    return { ...value, pages: value.pages.map((page: unknown) => patched(page, id, patch)) }
  }
  if ('items' in value && Array.isArray(value.items) && value.items.some((item: Row) => item.id === id)) {
    return { ...value, items: value.items.map((item: Row) => (item.id === id ? { ...item, ...patch } : item)) }
  }
  return value
}

/** Puts a patch of one record into every cached list and detail below the key; nothing is fetched and no row moves. */
export function patch_cached(key: QueryKey, id: string, patch: object): void {
  queries.setQueriesData({ queryKey: key }, (value: unknown) => patched(value, id, patch))
}

export { keepPreviousData }
