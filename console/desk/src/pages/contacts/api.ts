import { api, data, type Schema } from '@lib/api/client'
import type { Condition } from '@lib/conditions'
import type { Asked, ListPage, Total } from '@/grid/use_list'

export type Row = Schema<'ContactRow'>
export type Sort = NonNullable<Schema<'ContactQuery'>['sort']>

export function find_contacts(asked: Asked, signal: AbortSignal): Promise<ListPage<Row>> {
  const { condition, q, sort, cursor, limit, total } = asked
  const body = { sort: sort as Sort, limit, total, ...(condition ? { condition } : {}), ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) }
  return data(api.POST('/api/v1/contacts/query', { body, signal }))
}

/** What a card knows of its row in a grid. */
export async function read_row(id: string): Promise<Partial<Row> & { id: string }> {
  const { name, avatar, type, gender, position, company, owner, stage, last_touch, tags, follows } = await data(api.GET('/api/v1/contacts/{id}', { params: { path: { id } } }))
  return { id, name, avatar, type, gender, position, company, owner, stage, last_touch, tags: tags.map((tag) => tag.id), friend: follows.some((follow) => follow.live) }
}

/** How many a condition holds for. */
export async function count_contacts(condition: Condition | null, signal: AbortSignal): Promise<Total> {
  const page = await data(api.POST('/api/v1/contacts/query', { body: { limit: 1, total: true, ...(condition ? { condition } : {}) }, signal }))
  return page.total ?? { value: 0 }
}
