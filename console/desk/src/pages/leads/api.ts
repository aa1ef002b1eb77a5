import { api, data, type Schema } from '@lib/api/client'
import type { Condition } from '@lib/conditions'
import type { Asked, ListPage, Total } from '@/grid/use_list'
import { lift } from './lift'

export type Row = Schema<'LeadRow'>
export type Lead = Schema<'Lead'>
export type Status = Schema<'LeadStatus'>
export type Board = Schema<'LeadBoard'>
export const statuses: readonly Status[] = ['unassigned', 'new', 'following', 'converted', 'invalid']

export function find_leads(asked: Asked, signal: AbortSignal): Promise<ListPage<Row>> {
  const { condition, q, sort, cursor, limit, total } = asked
  const body = { ...lift(condition), sort: sort as NonNullable<Schema<'LeadQuery'>['sort']>, limit, total, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) }
  return data(api.POST('/api/v1/leads/query', { body, signal }))
}

export async function count_leads(condition: Condition | null, signal: AbortSignal): Promise<Total> {
  const page = await data(api.POST('/api/v1/leads/query', { body: { ...lift(condition), limit: 1, total: true }, signal }))
  return page.total ?? { value: 0 }
}

/** The board shows every status, so a condition on the status only takes part in the list. */
export function find_board(condition: Condition | null, q: string, limit: number, signal: AbortSignal): Promise<Board> {
  const { status: _, ...asked } = lift(condition)
  return data(api.POST('/api/v1/leads/board', { body: { ...asked, limit, ...(q ? { q } : {}) }, signal }))
}

export const read_lead = (id: string, signal?: AbortSignal): Promise<Lead> => data(api.GET('/api/v1/leads/{id}', { params: { path: { id } }, ...(signal ? { signal } : {}) }))
