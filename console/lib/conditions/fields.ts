import type { Op } from './index'

/**
 * What a term may name, as crm/nurture/condition_fields.cpp knows it. `pick` says where its values come from: a list of records,
 * fixed words, or free input by kind.
 */
export interface Field {
  name: string
  kind: 'tag' | 'segment' | 'event' | 'id' | 'text' | 'number' | 'time'
  pick?: 'member' | 'channel' | 'source' | 'words'
  words?: (string | number)[]
}

export const fields: Field[] = [
  { name: 'tag', kind: 'tag' },
  { name: 'owner', kind: 'id', pick: 'member' },
  { name: 'status', kind: 'text', pick: 'words', words: ['unassigned', 'new', 'following', 'converted', 'invalid'] },
  { name: 'stage', kind: 'text' },
  { name: 'channel', kind: 'id', pick: 'channel' },
  { name: 'source', kind: 'id', pick: 'source' },
  { name: 'friend_of', kind: 'id', pick: 'member' },
  { name: 'segment', kind: 'segment' },
  { name: 'event', kind: 'event', pick: 'words', words: ['messages_seen', 'friend_added', 'friend_deleted', 'friend_lost', 'lead_opened', 'note', 'form_submitted', 'push'] },
  { name: 'created', kind: 'time' },
  { name: 'last_touch', kind: 'time' },
  { name: 'added', kind: 'time' },
  { name: 'lost', kind: 'time' },
  { name: 'lead_opened', kind: 'time' },
  { name: 'name', kind: 'text' },
  { name: 'company', kind: 'text' },
  { name: 'position', kind: 'text' },
  { name: 'phone', kind: 'text' },
  { name: 'email', kind: 'text' },
  { name: 'gender', kind: 'number', pick: 'words', words: [1, 2, 0] },
  { name: 'type', kind: 'number', pick: 'words', words: [1, 2] },
]

const by_name = new Map(fields.map((field) => [field.name, field]))
export const field_of = (name: string): Field | undefined => by_name.get(name)

/** The ops people are offered; the server knows some more. */
export function ops_of(field: Field): Op[] {
  if (field.pick === 'words' && field.kind !== 'event') return ['in', 'not_in']
  switch (field.kind) {
    case 'id':
      return ['in', 'not_in', 'exists']
    case 'text':
      return ['contains', 'eq', 'ne', 'exists']
    case 'number':
      return ['eq', 'ne', 'gte', 'lte', 'exists']
    case 'time':
      return ['within', 'before', 'after', 'exists']
    default:
      return []
  }
}
