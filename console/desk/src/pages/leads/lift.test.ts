import { describe, expect, it } from 'vitest'
import type { Condition } from '@lib/conditions'
import { choose, chosen, lift } from './lift'

describe('lift', () => {
  it('takes the terms of the lead itself out of the condition', () => {
    const condition: Condition = { all: [{ field: 'status', op: 'in', value: ['new'] }, { tag: '7' }, { field: 'owner', op: 'exists', value: false }] }
    expect(lift(condition)).toEqual({ status: ['new'], unowned: true, condition: { tag: '7' } })
  })
  it('leaves what only a condition can say', () => {
    const condition: Condition = { any: [{ field: 'status', op: 'in', value: ['new'] }, { tag: '7' }] }
    expect(lift(condition)).toEqual({ condition })
    expect(lift({ field: 'owner', op: 'not_in', value: ['1'] })).toEqual({ condition: { field: 'owner', op: 'not_in', value: ['1'] } })
    expect(lift(null)).toEqual({})
  })
  it('never widens: a second term on one field stays a condition', () => {
    const twice: Condition = { all: [{ field: 'owner', op: 'in', value: ['1'] }, { field: 'owner', op: 'in', value: ['2'] }] }
    expect(lift(twice)).toEqual({ owner: ['1'], condition: { field: 'owner', op: 'in', value: ['2'] } })
  })
})

describe('choose', () => {
  it('replaces one field and keeps the rest', () => {
    const one = choose({ field: 'created', op: 'within', value: '7d' }, 'owner', ['1'])
    const two = choose(choose(one, 'owner', ['2', '3']), 'tag', ['7', '8'])
    expect(chosen(two, 'owner')).toEqual(['2', '3'])
    expect(chosen(two, 'tag')).toEqual(['7', '8'])
    expect(choose(choose(two, 'owner', []), 'tag', [])).toEqual({ field: 'created', op: 'within', value: '7d' })
  })
})
