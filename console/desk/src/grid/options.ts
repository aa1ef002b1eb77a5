import { useQuery } from '@tanstack/vue-query'
import { computed, type ComputedRef } from 'vue'
import { api, data, type Schema } from '@lib/api/client'
import { can } from '@lib/api/session'
import type { Option } from '@/ui/PickMany.vue'

/** Lists that rows and filters name by id. Each is fetched once for the whole console and kept for five minutes; none that this person may not read. */
const kept = { staleTime: 5 * 60_000 } as const

async function every<T>(page: (cursor?: string) => Promise<{ items: T[]; next_cursor: string | null }>): Promise<T[]> {
  const all: T[] = []
  let cursor: string | undefined
  do {
    const one = await page(cursor)
    all.push(...one.items)
    cursor = one.next_cursor ?? undefined
  } while (cursor && all.length < 2000)
  return all
}

const at = (cursor?: string) => (cursor ? { limit: 200, cursor } : { limit: 200 })

export function use_members() {
  return useQuery({ queryKey: ['members', 'all'], queryFn: () => every((c) => data(api.GET('/api/v1/members', { params: { query: at(c) } }))), ...kept })
}
export function use_tags() {
  return useQuery({ queryKey: ['tags', 'all'], queryFn: async () => (await data(api.GET('/api/v1/tags'))).items, staleTime: 60_000 })
}
export function use_channels() {
  return useQuery({ queryKey: ['channels', 'all'], queryFn: () => every((c) => data(api.GET('/api/v1/channels', { params: { query: at(c) } }))), enabled: can('channels.read'), ...kept })
}
export function use_sources() {
  return useQuery({ queryKey: ['sources', 'all'], queryFn: () => every((c) => data(api.GET('/api/v1/sources', { params: { query: at(c) } }))), enabled: can('sources.read'), ...kept })
}
export function use_segments() {
  return useQuery({ queryKey: ['segments', 'all'], queryFn: () => every((c) => data(api.GET('/api/v1/segments', { params: { query: at(c) } }))), enabled: can('segments.read'), staleTime: 60_000 })
}

export type Pick = 'tag' | 'segment' | 'member' | 'channel' | 'source'

/** Whether this person may choose from the list: every role reads tags and members. */
export const may_pick = (pick: string | undefined): boolean => !['segment', 'channel', 'source'].includes(pick ?? '') || can(`${pick}s.read`)

/** The same lists as options for PickMany. */
export function use_options(pick: Pick): { options: ComputedRef<Option[]>; loading: ComputedRef<boolean> } {
  const named = <T extends { id: string; name: string }>(q: { data: { value: T[] | undefined }; isLoading: { value: boolean } }, group?: (one: T) => string) => ({
    options: computed(() => (q.data.value ?? []).map((one): Option => ({ id: one.id, name: one.name, ...(group ? { group: group(one) } : {}) }))),
    loading: computed(() => q.isLoading.value),
  })
  switch (pick) {
    case 'tag': {
      const { options, loading } = named(use_tags(), (tag: Schema<'Tag'>) => tag.group)
      return { options: computed(() => [...options.value].sort((a, b) => (a.group ?? '').localeCompare(b.group ?? ''))), loading }
    }
    case 'segment':
      return named(use_segments())
    case 'member':
      return named(use_members())
    case 'channel':
      return named(use_channels())
    case 'source':
      return named(use_sources())
  }
}

/** Names by id, for cells: '' while unknown. */
export function use_names(pick: Pick): (id: string | null | undefined) => string {
  const { options } = use_options(pick)
  const names = computed(() => new Map(options.value.map((option) => [option.id, option.name])))
  return (id) => (id ? (names.value.get(id) ?? '') : '')
}
