import { describe, expect, it } from 'vitest'
import { Rng } from '@lib/random'
import { bulk_body, has, nothing, of_rows, select_query, set_rows, size, toggle, type Selection } from './selection'

const everybody = Array.from({ length: 40 }, (_, at) => String(at))
const ticked = (selection: Selection) => everybody.filter((id) => has(selection, id))

describe('selection', () => {
  it('behaves like a set, in both modes', () => {
    const rng = new Rng(3)
    for (let run = 0; run < 300; run += 1) {
      let selection: Selection = rng.below(2) ? nothing : select_query({ q: 'x' }, 'h', everybody.length)
      const model = new Set(ticked(selection))
      for (let step = 0; step < 30; step += 1) {
        if (rng.below(2)) {
          const id = rng.pick(everybody)
          selection = toggle(selection, id)
          if (!model.delete(id)) model.add(id)
        } else {
          const from = rng.below(40)
          const rows = everybody.slice(from, from + rng.below(12))
          const on = rng.below(2) === 1
          selection = set_rows(selection, rows, on)
          for (const id of rows) if (on) model.add(id)
          else model.delete(id)
        }
        expect(ticked(selection)).toEqual(everybody.filter((id) => model.has(id)))
        expect(size(selection)).toBe(model.size)
      }
    }
  })

  it('tells the state of the box in the header', () => {
    const some = set_rows(nothing, ['1', '2'], true)
    expect(of_rows(some, ['1', '2'])).toBe('all')
    expect(of_rows(some, ['2', '3'])).toBe('some')
    expect(of_rows(some, ['4'])).toBe('none')
    expect(of_rows(some, [])).toBe('none')
  })

  it('sends the hash and the count that were shown', () => {
    const all = toggle(select_query({ condition: { tag: '9' } }, 'abc', 12_480), '7')
    expect(bulk_body(all, { kind: 'tag_add' })).toEqual({ query: { condition: { tag: '9' }, except: ['7'] }, query_hash: 'abc', expected_count: 12_479, action: { kind: 'tag_add' } })
    expect(bulk_body(set_rows(nothing, ['1', '2'], true), {})).toEqual({ query: { ids: ['1', '2'] }, expected_count: 2, action: {} })
  })
})
