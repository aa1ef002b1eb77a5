import { useQuery } from '@tanstack/vue-query'
import { Problem, api, data, type Schema } from '@lib/api/client'
import { refresh } from '@lib/query'

/** Saved views: filter, sort and columns of a page under a name, one's own or shared with everybody. */
export type View = Schema<'View'>

export function use_views(page: string) {
  return useQuery({
    queryKey: ['views', page],
    queryFn: async ({ signal }) => {
      try {
        return (await data(api.GET('/api/v1/views', { params: { query: { page } }, signal }))).items
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return [] // a server without views: the list works all the same
        throw error
      }
    },
    staleTime: 60_000,
  })
}

export async function keep_view(page: string, name: string, body: Record<string, unknown>, shared: boolean): Promise<void> {
  await data(api.POST('/api/v1/views', { body: { page, name, body, shared } }))
  await refresh('views', page)
}

export async function change_view(view: View, change: { name?: string; body?: Record<string, unknown>; shared?: boolean }): Promise<void> {
  const path = { id: view.id }
  await data(api.PATCH('/api/v1/views/{id}', { params: { path, header: { 'If-Match': '*' } }, body: change }))
  await refresh('views', view.page)
}

export async function drop_view(view: View): Promise<void> {
  await api.DELETE('/api/v1/views/{id}', { params: { path: { id: view.id } } })
  await refresh('views', view.page)
}
