import { useInfiniteQuery, useQuery } from '@tanstack/vue-query'
import { computed, onScopeDispose, type Ref } from 'vue'
import { api, data, type Schema } from '@lib/api/client'

export type Health = Schema<'Health'>
export type InboxState = Schema<'InboxState'>
export type JobState = Schema<'JobState'>

export const inbox_states: InboxState[] = ['ready', 'done', 'dead', 'parked', 'dropped']
export const job_states: JobState[] = ['ready', 'leased', 'dead']

export const sync_kind = { ok: 'ok', running: 'brand', failed: 'bad', never: '' } as const

/** Queues and latencies change without a word on the live channel, so this one asks by itself too. */
export function use_health() {
  return useQuery({ queryKey: ['health'], queryFn: ({ signal }) => data(api.GET('/api/v1/health', { signal })), refetchInterval: 15_000 })
}

export function use_inbox(state: Ref<string>, kind: Ref<string>, source: Ref<string>) {
  return useInfiniteQuery({
    queryKey: ['inbox', computed(() => ({ state: state.value, kind: kind.value, source: source.value }))],
    queryFn: ({ signal, pageParam }) =>
      data(
        api.GET('/api/v1/inbox', {
          params: { query: { limit: 50, ...(state.value ? { state: state.value as InboxState } : {}), ...(kind.value ? { kind: kind.value } : {}), ...(source.value ? { source: source.value } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  })
}

export function use_jobs(state: Ref<string>, queue: Ref<string>) {
  return useInfiniteQuery({
    queryKey: ['jobs', computed(() => ({ state: state.value, queue: queue.value }))],
    queryFn: ({ signal, pageParam }) =>
      data(
        api.GET('/api/v1/jobs', {
          params: { query: { limit: 50, ...(state.value ? { state: state.value as JobState } : {}), ...(queue.value ? { queue: queue.value } : {}), ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: 15_000,
  })
}

/** Runs at most once in `ms`, at the end of it: a busy topic asks the server no more often than that. */
export function at_most_every(ms: number, run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  onScopeDispose(() => clearTimeout(timer))
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined
      run()
    }, ms)
  }
}
