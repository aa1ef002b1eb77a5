import { expect, it } from 'vitest'
import type { Schema } from '@lib/api/client'
import { fed } from './feed'

const event = (id: number): Schema<'Event'> => ({ id: String(id), contact: null, lead: null, member: null, at: null, kind: 'noted', detail: null, actor: '' })

it('puts newer events on top, each once, and forgets the oldest', () => {
  expect(fed([event(2), event(1)], [event(2), event(3), event(4)]).map((one) => one.id)).toEqual(['4', '3', '2', '1'])
  const many = Array.from({ length: 60 }, (_, at) => event(60 - at))
  const after = fed(many, [event(61)])
  expect(after).toHaveLength(60)
  expect(after[0]?.id).toBe('61')
})
