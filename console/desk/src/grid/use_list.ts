import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, reactive, ref, shallowRef, watch, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'
import type { Condition } from '@lib/conditions'
import { queries } from '@lib/query'
import { nothing, type Query, type Selection } from './selection'
import { decode_view, encode_view, start_state, tab_drawer, type ViewState } from './view_state'

export interface Total {
  value: number
  relation?: 'eq' | 'gte'
}

export interface ListPage<Row> {
  items: Row[]
  next_cursor: string | null
  total?: Total | null
  query_hash?: string
}

export interface Asked {
  condition: Condition | null
  q: string
  sort: string
  cursor: string | null
  limit: number
  total: boolean
}

export interface ListSpec<Row> {
  /** First part of the query keys, and the `page` of saved views: 'contacts'. */
  name: string
  fetch: (asked: Asked, signal: AbortSignal) => Promise<ListPage<Row>>
  start?: Partial<ViewState>
  /** More that belongs to the question, like a status: part of the query key. */
  also?: ComputedRef<unknown>
}

/**
 * One list: its view in the address, one page of rows by cursor, the next page fetched ahead, the total asked once per question, and
 * what is selected. Nothing else holds rows: the grid shows `rows`.
 */
export function use_list<Row extends { id: string }>(spec: ListSpec<Row>) {
  const route = useRoute()
  const router = useRouter()
  const start: ViewState = { ...start_state, ...spec.start }
  const state = reactive(decode_view(route.query, tab_drawer, start)) as ViewState
  const own = route.name

  // Cursors of the pages gone through; the last is the one shown, null the first.
  const trail = shallowRef<(string | null)[]>([null])
  const cursor = computed(() => trail.value[trail.value.length - 1] ?? null)
  const selection = ref<Selection>(nothing) as { value: Selection }
  const also = computed(() => spec.also?.value ?? null)
  const question = computed(() => JSON.stringify([state.condition, state.q, also.value]))

  function write(replace: boolean): void {
    const target = { query: { ...other_query(), ...encode_view(state, tab_drawer, start) } }
    void (replace ? router.replace(target) : router.push(target))
  }
  function other_query(): Record<string, string> {
    const ours = ['view', 'f', 's', 'sort', 'cols', 'id', 'size']
    return Object.fromEntries(Object.entries(route.query).filter(([key, value]) => !ours.includes(key) && typeof value === 'string')) as Record<string, string>
  }
  // Back and forward change the address; what we wrote ourselves decodes to what we have.
  watch(
    () => route.query,
    (query) => {
      if (route.name !== own) return
      const next = decode_view(query, tab_drawer, start)
      if (JSON.stringify(next) !== JSON.stringify(state)) Object.assign(state, next)
    },
  )
  watch(question, () => {
    trail.value = [null]
    selection.value = nothing
  })
  watch([() => state.sort, () => state.size], () => (trail.value = [null]))

  /** Changes the view; the open record and the search replace the address, the rest adds to the history. */
  function set(change: Partial<ViewState>): void {
    const quiet = Object.keys(change).every((key) => key === 'id' || key === 'q' || key === 'columns')
    Object.assign(state, change)
    write(quiet)
  }

  const ask = (at: string | null): Asked => ({ condition: state.condition, q: state.q.trim(), sort: state.sort, cursor: at, limit: state.size, total: false })
  const key = (at: string | null) => [spec.name, 'list', { ...ask(at), also: also.value }]

  const page = useQuery({
    queryKey: computed(() => key(cursor.value)),
    queryFn: ({ signal }) => spec.fetch(ask(cursor.value), signal),
    placeholderData: keepPreviousData,
  })
  const count = useQuery({
    queryKey: computed(() => [spec.name, 'total', { condition: state.condition, q: state.q.trim(), also: also.value }]),
    queryFn: ({ signal }) => spec.fetch({ ...ask(null), limit: 1, total: true }, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  })

  const rows = computed<Row[]>(() => page.data.value?.items ?? [])
  const total = computed<Total | null>(() => count.data.value?.total ?? null)
  const before = computed(() => (trail.value.length - 1) * state.size)
  const next_cursor = computed(() => (page.isPlaceholderData.value ? null : (page.data.value?.next_cursor ?? null)))
  watch(next_cursor, (at) => {
    if (at) void queries.prefetchQuery({ queryKey: key(at), queryFn: ({ signal }) => spec.fetch(ask(at), signal), staleTime: 60_000 })
  })

  return {
    state,
    set,
    page,
    count,
    rows,
    total,
    before,
    selection,
    /** Another question is on its way; what is shown still answers the one before. */
    stale: page.isPlaceholderData,
    filtered: computed(() => state.condition !== null || state.q.trim() !== ''),
    query: computed<Query>(() => ({ ...(state.condition ? { condition: state.condition } : {}), ...(state.q.trim() ? { q: state.q.trim() } : {}) })),
    query_hash: computed(() => count.data.value?.query_hash ?? page.data.value?.query_hash ?? ''),
    has_next: computed(() => next_cursor.value !== null),
    has_back: computed(() => trail.value.length > 1),
    next: () => next_cursor.value && (trail.value = [...trail.value, next_cursor.value]),
    back: () => trail.value.length > 1 && (trail.value = trail.value.slice(0, -1)),
    first: () => (trail.value = [null]),
    clear: () => set({ condition: null, q: '', view: '' }),
    /** After a write of ours or changes of others: the page and the total are read again. */
    refresh: () => queries.invalidateQueries({ queryKey: [spec.name] }),
  }
}

export type List<Row extends { id: string }> = ReturnType<typeof use_list<Row>>
