import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { shallowRef } from 'vue'
import { api, call, data, etag_of, type Problem, type Schema } from '@lib/api/client'
import type { Condition } from '@lib/conditions'
import { te, t } from '@lib/i18n'
import { queries, refresh } from '@lib/query'
import { encode_view, start_state, tab_drawer } from '@/grid/view_state'
import type { AuthKind } from './presets'

export type Source = Schema<'Source'>
export type Auth = Schema<'SourceAuth'>
export type TestResult = Schema<'SourceTest'>
export type Edit = Schema<'SourceEdit'>
export type InboxRow = Schema<'InboxRow'>

export const path_of = (id: string) => `/api/v1/sources/${id}`
export const read_source = (id: string, signal?: AbortSignal): Promise<Source> => data(api.GET('/api/v1/sources/{id}', { params: { path: { id } }, ...(signal ? { signal } : {}) }))

export async function patch_source(id: string, body: Edit, version = etag_of(path_of(id))): Promise<Source> {
  const done = await data(api.PATCH('/api/v1/sources/{id}', { params: { path: { id }, header: { 'If-Match': version } }, body }))
  queries.setQueryData(['sources', id], done)
  void refresh('sources')
  return done
}

/** Another secret; the rest of the proof stays. */
export async function rotate_source(id: string, body: { secret: string; keep_former: boolean }, version: string): Promise<Source> {
  const done = await data(api.POST('/api/v1/sources/{id}/rotate', { params: { path: { id }, header: { 'If-Match': version } }, body }))
  queries.setQueryData(['sources', id], done)
  void refresh('sources')
  return done
}

/** As the sender would post it: the text goes out unchanged. */
export function test_post(id: string, text: string): Promise<TestResult> {
  const type = /^\uFEFF?\s*[{[]/.test(text) ? 'application/json' : 'application/x-www-form-urlencoded'
  return call('POST', `sources/${id}/test`, { body: new Blob([text], { type }), headers: { 'Content-Type': type } })
}

/** The refusal of one setting: the server names it in the code ("map.phone", "auth.secrets") or in errors. */
export function part_fault(problem: Problem | null, part: string): string {
  if (!problem || (problem.code !== part && !problem.field(part))) return ''
  return te(`sources.fault.${part}`) ? t(`sources.fault.${part}`) : t('field.wrong')
}

/** The address as far as the server knows it; without server.public_url only the path. */
export const address_of = (source: Source): string => source.hook_url ?? source.hook
export const with_secret = (source: Source, secret: string): string => `${address_of(source)}/${encodeURIComponent(secret)}`

export function new_secret(): string {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  const out: string[] = []
  while (out.length < 40) for (const byte of crypto.getRandomValues(new Uint8Array(64))) if (byte < 248 && out.length < 40) out.push(letters[byte % 62] as string)
  return out.join('')
}

/** A secret that was just set, for the one time it is shown: in memory only, gone with the page. */
export const fresh_secret = shallowRef<{ source: string; kind: AuthKind; header: string; secret: string } | null>(null)

/** Sample posts by source, so that the mapper and the test speak of the same one. In memory only: they hold people's data. */
const samples = new Map<string, string>()
export const sample_of = (id: string): string => samples.get(id) ?? ''
export const keep_sample = (id: string, text: string): void => void samples.set(id, text)

/** Leads whose first source this is; of the last days with `within`. */
export function use_lead_count(id: string, within?: string) {
  const condition: Condition | null = within ? { field: 'lead_opened', op: 'within', value: within } : null
  return useQuery({
    queryKey: ['leads', 'of-source', id, within ?? ''],
    queryFn: async ({ signal }) => (await data(api.POST('/api/v1/leads/query', { body: { source: [id], limit: 1, total: true, ...(condition ? { condition } : {}) }, signal }))).total ?? { value: 0, relation: 'eq' as const },
  })
}
export const leads_link = (id: string) => ({ path: '/leads', query: encode_view({ ...start_state, condition: { field: 'source', op: 'in', value: [id] } }, tab_drawer) })

export function use_posts(id: string) {
  return useInfiniteQuery({
    queryKey: ['inbox', 'of-source', id],
    queryFn: ({ signal, pageParam }) => data(api.GET('/api/v1/inbox', { params: { query: { limit: 20, source: id, ...(pageParam ? { cursor: pageParam } : {}) } }, signal })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  })
}
