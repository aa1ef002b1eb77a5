import { describe, expect, it } from 'vitest'
import { differing, merged, use_clash } from './clash'

interface Form {
  name: string
  tags: string[]
  on: boolean
}
const parts = ['name', 'tags', 'on'] as const
const base: Form = { name: 'a', tags: ['1'], on: true }

describe('clash', () => {
  it('lists what the other changed, and whether we did too', () => {
    const mine = { ...base, name: 'mine' }
    const theirs = { name: 'theirs', tags: ['1', '2'], on: true }
    expect(differing(base, mine, theirs, parts)).toEqual([
      { part: 'name', both: true },
      { part: 'tags', both: false },
    ])
  })
  it('asks nothing where both wrote the same', () => {
    expect(differing(base, { ...base, name: 'x' }, { ...base, name: 'x' }, parts)).toEqual([])
  })
  it('keeps our other changes whatever is chosen', () => {
    const mine = { name: 'mine', tags: ['1'], on: false }
    const theirs = { name: 'theirs', tags: ['2'], on: true }
    expect(merged(base, mine, theirs, parts, { name: 'theirs', tags: 'theirs' })).toEqual({ name: 'theirs', tags: ['2'], on: false })
    expect(merged(base, mine, theirs, parts, { name: 'mine', tags: 'theirs' })).toEqual({ name: 'mine', tags: ['2'], on: false })
    expect(merged(base, mine, theirs, parts, { name: 'mine', tags: 'mine' })).toEqual({ name: 'mine', tags: ['1'], on: false })
  })
  it('meets only when there is something to choose', () => {
    const clash = use_clash<Form>(parts, (part) => part.toUpperCase(), (part, form) => String(form[part]))
    expect(clash.meet(base, { ...base, on: false }, { ...base })).toBe(false)
    expect(clash.met.value).toBeNull()
    expect(clash.meet(base, { ...base, name: 'm' }, { ...base, name: '' })).toBe(true)
    expect(clash.rows.value).toEqual([{ part: 'name', both: true, label: 'NAME', theirs: '–', mine: 'm' }])
    expect(clash.settle({ name: 'mine' })).toEqual({ ...base, name: 'm' })
    expect(clash.rows.value).toEqual([])
  })
})
