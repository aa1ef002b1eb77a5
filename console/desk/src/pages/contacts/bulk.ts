import { onScopeDispose, shallowReactive } from 'vue'
import { api, as_problem, data, type Schema } from '@lib/api/client'
import { session } from '@lib/api/session'
import { language, t } from '@lib/i18n'
import { number } from '@lib/format'
import { subscribe } from '@lib/live'
import { refresh } from '@lib/query'
import { bulk_body, type Query, type Selection } from '@/grid/selection'
import type { Condition } from '@lib/conditions'
import { problem_text, toast_problem } from '@/ui/problem_text'
import { toast } from '@/ui/toast'
import { find_contacts } from './api'

/**
 * Bulk work on contacts: the server runs it as an operation, which is followed here until it ends, also while another page is open.
 * One operation is one undo.
 */
export type Operation = Schema<'Operation'>
export type Action = Schema<'BulkAction'>
export type Failure = Schema<'OperationFailure'>
export const at_work = (one: Operation): boolean => one.state === 'queued' || one.state === 'running' || one.state === 'undoing'

/** Followed, or ended and not yet put away; the newest first. */
export const followed = shallowReactive<Operation[]>([])
const stops = new Map<string, () => void>()
let watched = 0

export function put_away(id: string): void {
  stops.get(id)?.()
  stops.delete(id)
  const at = followed.findIndex((one) => one.id === id)
  if (at >= 0) followed.splice(at, 1)
}

function show(one: Operation): void {
  const at = followed.findIndex((known) => known.id === one.id)
  if (at >= 0) followed.splice(at, 1, one)
  else followed.unshift(one)
}

const n = (value: number) => number(value, language())

function ended(one: Operation): void {
  void refresh('contacts')
  void refresh('leads')
  void refresh('tags')
  const text = one.state === 'undone' ? t('contacts.bulk.undone', { n: n(one.undone) }) : t(`contacts.bulk.did.${one.action.kind}`, { n: n(one.changed) })
  if (watched === 0) return // the bell tells it
  toast(text, one.undoable ? { undo: () => void undo(one.id) } : one.failed || one.undo_failed ? { kind: 'warn' } : {})
}

/** Asks at once, when the live channel speaks of it, and every two seconds in between. */
function follow(first: Operation): void {
  stops.get(first.id)?.()
  for (const one of [...followed]) if (one.id !== first.id && !at_work(one) && !one.failed && !one.undo_failed) put_away(one.id) // no pile of what went well
  show(first)
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking = false
  let over = false
  const stop = () => {
    over = true
    clearTimeout(timer)
    unsubscribe()
  }
  async function ask(): Promise<void> {
    if (asking || over) return
    asking = true
    clearTimeout(timer)
    try {
      const now = await data(api.GET('/api/v1/operations/{id}', { params: { path: { id: first.id } } }))
      if (over) return
      show(now)
      if (!at_work(now)) {
        stop()
        stops.delete(first.id)
        ended(now)
        return
      }
    } catch (error) {
      if (as_problem(error).status === 404) return put_away(first.id)
    } finally {
      asking = false
    }
    if (!over) timer = setTimeout(() => void ask(), 2000)
  }
  const unsubscribe = subscribe(`operation:${first.id}`, () => void ask(), () => void ask())
  stops.set(first.id, stop)
  timer = setTimeout(() => void ask(), 400)
}

export type ByQuery = Selection & { mode: 'query' }

/** What the filter of a selection finds at this moment: the count that is shown is the one that is confirmed. */
export async function fresh_of(selection: ByQuery): Promise<ByQuery> {
  const query = selection.query as Query & { condition?: Condition }
  const page = await find_contacts({ condition: query.condition ?? null, q: query.q ?? '', sort: '-created', cursor: null, limit: 1, total: true }, new AbortController().signal)
  return { ...selection, query_hash: page.query_hash ?? '', count: page.total?.value ?? 0 }
}

/**
 * `taken`: the server has it. `changed`: the filter finds others than those that were confirmed; `now` is the selection to confirm
 * instead. `refused`: the person was told why.
 */
export type Started = { outcome: 'taken' | 'refused' } | { outcome: 'changed'; now: ByQuery }

export async function start(selection: Selection, action: Action): Promise<Started> {
  try {
    const body = bulk_body(selection, action) as Schema<'BulkRequest'>
    follow(await data(api.POST('/api/v1/bulk', { body })))
    return { outcome: 'taken' }
  } catch (error) {
    const problem = as_problem(error)
    if (problem.code === 'query_changed' && selection.mode === 'query') {
      const now = await fresh_of(selection).catch(() => null)
      void refresh('contacts', 'list')
      void refresh('contacts', 'total')
      if (now) return { outcome: 'changed', now }
    }
    if (problem.code === 'query_changed') void refresh('contacts')
    toast(problem.code === 'query_changed' && selection.mode === 'ids' ? t('contacts.bulk.gone') : problem.status === 422 && problem.detail ? problem.detail : problem_text(problem), { kind: 'bad' })
    return { outcome: 'refused' }
  }
}

export async function undo(id: string): Promise<void> {
  try {
    follow(await data(api.POST('/api/v1/operations/{id}/undo', { params: { path: { id } } })))
  } catch (error) {
    toast_problem(error)
  }
}

export async function cancel(id: string): Promise<void> {
  try {
    show(await data(api.POST('/api/v1/operations/{id}/cancel', { params: { path: { id } } })))
  } catch (error) {
    toast_problem(error)
  }
}

export async function failures(id: string, reason: string, most: number, signal?: AbortSignal): Promise<Failure[]> {
  const all: Failure[] = []
  let cursor: string | null = null
  do {
    const query: { limit: number; reason?: string; cursor?: string } = { limit: Math.min(200, most), ...(reason ? { reason } : {}), ...(cursor ? { cursor } : {}) }
    const page: { items: Failure[]; next_cursor: string | null } = await data(api.GET('/api/v1/operations/{id}/failures', { params: { path: { id }, query }, ...(signal ? { signal } : {}) }))
    all.push(...page.items)
    cursor = page.next_cursor
  } while (cursor && all.length < most)
  return all.slice(0, most)
}

/** The failed ones once more, as an operation of their own. */
export async function retry(one: Operation): Promise<void> {
  try {
    const ids = [...new Set((await failures(one.id, '', 1000)).map((failure) => failure.contact))]
    if (ids.length && (await start({ mode: 'ids', ids }, one.action)).outcome === 'taken') put_away(one.id)
  } catch (error) {
    toast_problem(error)
  }
}

/** While the page is open: what still runs is shown after a reload too. */
export function use_operations(on: boolean): void {
  watched += 1
  onScopeDispose(() => (watched -= 1))
  if (!on) return
  api
    .GET('/api/v1/operations', { params: { query: { limit: 10 } } })
    .then((answer) => {
      for (const one of answer.data?.items ?? []) if (at_work(one) && one.actor === session.me?.actor && !stops.has(one.id)) follow(one)
    })
    .catch(() => undefined) // nothing to show then; what the person starts tells its own errors
}
