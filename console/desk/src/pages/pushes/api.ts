import { api, call, data, type Schema } from '@lib/api/client'

export type Push = Schema<'Push'>
export type Detail = Schema<'PushDetail'>
export type Status = Schema<'PushStatus'>
export type Batch = Schema<'Batch'>
export type Counted = Schema<'RecipientCount'>

export const statuses: Status[] = ['draft', 'scheduled', 'planning', 'sending', 'done', 'cancelled']
export const counted_names: Counted[] = ['planned', 'pending', 'unknown', 'waiting', 'delivered', 'not_friend', 'capped', 'rejected', 'cancelled', 'excluded']
export const status_kind: Record<Status, string> = { draft: '', scheduled: 'brand', planning: 'brand', sending: 'warn', done: 'ok', cancelled: '' }

export function read_push(id: string, signal?: AbortSignal): Promise<Detail> {
  return data(api.GET('/api/v1/pushes/{id}', { params: { path: { id } }, ...(signal ? { signal } : {}) }))
}

/** All of a push's batches; one per sender, so they are few. */
export async function read_batches(id: string, signal: AbortSignal): Promise<Batch[]> {
  const all: Batch[] = []
  let cursor: string | null = null
  do {
    const query: { limit: number; cursor?: string } = cursor ? { limit: 200, cursor } : { limit: 200 }
    const page: Schema<'BatchPage'> = await data(api.GET('/api/v1/pushes/{id}/batches', { params: { path: { id }, query }, signal }))
    all.push(...page.items)
    cursor = page.next_cursor
  } while (cursor && all.length < 5000)
  return all
}

export function upload(kind: 'image' | 'video' | 'file', file: File): Promise<Schema<'Created'>> {
  return call('POST', 'media', { query: { kind, name: file.name }, body: file })
}
