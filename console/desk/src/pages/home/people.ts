import { useQuery } from '@tanstack/vue-query'
import { computed, reactive, watch, type ComputedRef } from 'vue'
import { api, data } from '@lib/api/client'
import { queries } from '@lib/query'

/** Names for the feed, whose events carry ids only: the last touched people in one call, the few others one by one. */
export function use_people(wanted: ComputedRef<string[]>, on: boolean): (id: string | null) => string {
  const known = reactive(new Map<string, string>())
  const asked = new Set<string>()
  const recent = useQuery({
    queryKey: ['home', 'people'],
    queryFn: async ({ signal }) => (await data(api.POST('/api/v1/contacts/query', { body: { sort: '-last_touch', limit: 100, total: false }, signal }))).items,
    enabled: on,
    staleTime: 60_000,
  })
  const missing = computed(() => (recent.isFetched.value ? wanted.value.filter((id) => !known.get(id)) : []))
  watch(recent.data, (rows) => rows?.forEach((row) => known.set(row.id, row.name)), { immediate: true })
  watch(
    missing,
    (ids) => {
      for (const id of ids.slice(0, 20)) {
        if (asked.has(id)) continue
        asked.add(id)
        queries
          .fetchQuery({ queryKey: ['contacts', id], queryFn: ({ signal }) => data(api.GET('/api/v1/contacts/{id}', { params: { path: { id } }, signal })), staleTime: 10_000 })
          .then((one) => {
            known.set(id, one.name)
            if (!one.name) setTimeout(() => asked.delete(id), 5000) // WeCom tells a new friend's name a moment later
          })
          .catch(() => undefined) // left or out of sight: the line stands without a name
      }
    },
    { immediate: true },
  )
  return (id) => (id ? (known.get(id) ?? '') : '')
}
