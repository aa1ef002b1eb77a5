import { api, data, etag_of, type Schema } from '@lib/api/client'

export type Tag = Schema<'Tag'>

// The list carries no versions: read the tag anew, so that the change is made to what stands there now.
async function version(id: string): Promise<string> {
  await data(api.GET('/api/v1/tags/{id}', { params: { path: { id } } }))
  return etag_of(`/api/v1/tags/${id}`)
}

export function create_tag(group: string, name: string, kind: Tag['kind']): Promise<Tag> {
  return data(api.POST('/api/v1/tags', { body: { group, name, kind } }))
}

export async function rename_tag(id: string, name: string): Promise<Tag> {
  const header = { 'If-Match': await version(id) }
  return data(api.PATCH('/api/v1/tags/{id}', { params: { path: { id }, header }, body: { name } }))
}

export async function delete_tag(id: string): Promise<void> {
  const header = { 'If-Match': await version(id) }
  await api.DELETE('/api/v1/tags/{id}', { params: { path: { id }, header } })
}

export function merge_tags(from: string, into: string): Promise<Tag> {
  return data(api.POST('/api/v1/tags/merge', { body: { from, into } }))
}
