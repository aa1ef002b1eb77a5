import { api, data, etag_of, type Schema } from '@lib/api/client'
import type { Condition } from '@lib/conditions'

export type Segment = Schema<'Segment'>

export function preview(condition: Condition, signal: AbortSignal): Promise<Schema<'SegmentPreview'>> {
  return data(api.POST('/api/v1/segments/preview', { body: { condition }, signal }))
}

export function read_segment(id: string, signal?: AbortSignal): Promise<Segment> {
  return data(api.GET('/api/v1/segments/{id}', { params: { path: { id } }, ...(signal ? { signal } : {}) }))
}

export async function delete_segment(id: string): Promise<void> {
  await read_segment(id)
  await api.DELETE('/api/v1/segments/{id}', { params: { path: { id }, header: { 'If-Match': etag_of(`/api/v1/segments/${id}`) } } })
}

/** Where people often begin. */
export const templates: { name: string; condition: Condition }[] = [
  { name: 'fresh', condition: { field: 'created', op: 'within', value: '7d' } },
  { name: 'talking', condition: { event: 'messages_seen', within: '7d' } },
  { name: 'quiet', condition: { not: { field: 'last_touch', op: 'within', value: '30d' } } },
  { name: 'unowned', condition: { field: 'owner', op: 'exists', value: false } },
  { name: 'form', condition: { event: 'form_submitted', within: '30d' } },
  { name: 'lost', condition: { field: 'lost', op: 'within', value: '30d' } },
]
