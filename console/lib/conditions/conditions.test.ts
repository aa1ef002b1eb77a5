import { describe, expect, it } from 'vitest'
import { Rng } from '../random'
import { both, complete, count_terms, depth, has_free_text, over_limit, to_condition, to_tree, type Condition } from './index'

export function some_condition(rng: Rng, levels = 4): Condition {
  const kind = levels <= 1 ? rng.below(4) : rng.below(7)
  const id = () => String(rng.below(1e9))
  if (kind === 0) return { tag: id() }
  if (kind === 1) return { segment: id() }
  if (kind === 2) return { field: rng.pick(['owner', 'stage', 'name', 'created']), op: 'in', value: [id(), '高意向 "引号" <b>'] }
  if (kind === 3) return { event: rng.pick(['messages_seen', 'noted']), within: `${1 + rng.below(30)}d`, count: { gte: rng.below(5) } }
  const items = [some_condition(rng, levels - 1), ...rng.list(3, () => some_condition(rng, levels - 1))]
  if (kind === 4) return { all: items }
  if (kind === 5) return { any: items }
  return { not: some_condition(rng, levels - 1) }
}

/** What it means, for tags only: whether it holds for somebody who carries the given ones. */
function holds(c: Condition, odd: (leaf: string) => boolean): boolean {
  if ('all' in c) return c.all.every((one) => holds(one, odd))
  if ('any' in c) return c.any.some((one) => holds(one, odd))
  if ('not' in c) return !holds(c.not, odd)
  return odd(JSON.stringify(c))
}

describe('conditions', () => {
  it('mean the same after they went through the editor', () => {
    const rng = new Rng(11)
    for (let run = 0; run < 800; run += 1) {
      const condition = some_condition(rng)
      const back = to_condition(to_tree(condition))
      for (let salt = 1; salt < 6; salt += 1) {
        const odd = (leaf: string) => [...leaf].reduce((sum, letter) => sum * salt + letter.charCodeAt(0), salt) % 3 === 0
        expect(holds(back as Condition, odd), JSON.stringify(condition)).toBe(holds(condition, odd))
      }
    }
  })

  it('are stable: a second pass changes nothing', () => {
    const rng = new Rng(12)
    for (let run = 0; run < 400; run += 1) {
      const once = to_condition(to_tree(some_condition(rng)))
      expect(to_condition(to_tree(once))).toEqual(once)
    }
  })

  it('drop half-filled terms and empty groups', () => {
    expect(to_condition(to_tree({ all: [{ tag: '' }, { any: [] }] }))).toBeNull()
    expect(to_condition(to_tree({ all: [{ tag: '' }, { tag: '5' }] }))).toEqual({ tag: '5' })
    expect(to_condition(to_tree(null))).toBeNull()
    expect(complete({ field: 'stage', op: 'in', value: [] })).toBe(false)
    expect(complete({ field: 'owner', op: 'exists', value: false })).toBe(true)
  })

  it('know the limits of the server', () => {
    let deep: Condition = { tag: '1' }
    for (let level = 0; level < 8; level += 1) deep = { not: deep }
    expect(depth(deep)).toBe(9)
    expect(over_limit(deep)).toBe('depth')
    expect(count_terms({ all: Array.from({ length: 101 }, () => ({ tag: '1' })) })).toBe(101)
    expect(over_limit({ all: Array.from({ length: 101 }, () => ({ tag: '1' })) })).toBe('terms')
    expect(over_limit({ tag: '1' })).toBe('')
  })

  it('join and find typed words', () => {
    expect(both({ tag: '1' }, { all: [{ tag: '2' }] })).toEqual({ all: [{ tag: '1' }, { tag: '2' }] })
    expect(both(null, { tag: '2' })).toEqual({ tag: '2' })
    expect(has_free_text({ any: [{ tag: '1' }, { not: { field: 'name', op: 'contains', value: '张三' } }] })).toBe(true)
    expect(has_free_text({ field: 'owner', op: 'in', value: ['1'] })).toBe(false)
  })
})
