import { describe, expect, it } from 'vitest'
import { Rng } from '@lib/random'
import { has_free_text, type Condition } from '@lib/conditions'
import { decode_columns, decode_view, encode_columns, encode_view, page_sizes, start_state, type Drawer, type ViewState } from './view_state'

function drawer(): Drawer & { kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    put: (text) => {
      const key = `k${kept.size}`
      kept.set(key, text)
      return key
    },
    get: (key) => kept.get(key) ?? null,
  }
}

function some_condition(rng: Rng, levels: number): Condition | null {
  const kind = rng.below(levels > 1 ? 6 : 4)
  if (kind === 0) return null
  if (kind === 1) return { tag: String(rng.below(1e9)) }
  if (kind === 2) return { field: 'name', op: 'contains', value: rng.pick(['张三', 'a&b=c#d?', '<img onerror=1>', '😀', ' 空 格 ']) }
  if (kind === 3) return { field: 'owner', op: 'in', value: rng.list(4, () => String(rng.below(1e9))) }
  const items = rng.list(3, () => some_condition(rng, levels - 1)).filter((one): one is Condition => one !== null)
  return kind === 4 ? { all: items } : { not: { any: items } }
}

function some_state(rng: Rng): ViewState {
  const keys = ['name', 'tags', 'owner', 'last_touch']
  const columns = rng.below(2) ? null : keys.slice(0, 1 + rng.below(4)).map((key) => (rng.below(2) ? { key } : { key, width: 64 + rng.below(800) }))
  return {
    view: rng.pick(['', 'new', '382706']),
    condition: some_condition(rng, 3),
    q: rng.pick(['', '王', '138 0000', '%_\\ "x"', '😀&s=1']),
    sort: rng.pick(['', 'name', '-created']),
    columns,
    id: rng.pick(['', '382706191823798273']),
    size: rng.pick(page_sizes),
  }
}

describe('the view in the address', () => {
  it('comes back as it went', () => {
    const rng = new Rng(5)
    for (let run = 0; run < 1000; run += 1) {
      const state = some_state(rng)
      const box = drawer()
      const written = encode_view(state, box)
      const through = Object.fromEntries(new URLSearchParams(new URLSearchParams(written).toString()))
      expect(decode_view(through, box)).toEqual(state)
    }
  })

  it('never holds typed words', () => {
    const rng = new Rng(6)
    for (let run = 0; run < 500; run += 1) {
      const state = some_state(rng)
      const written = encode_view(state, drawer())
      if (state.q) expect(Object.values(written)).not.toContain(state.q)
      if (has_free_text(state.condition)) expect(written.f).toMatch(/^~k\d+$/)
    }
  })

  it('takes anything without throwing', () => {
    const rng = new Rng(7)
    const start = { ...start_state, sort: '-created' }
    for (let run = 0; run < 500; run += 1) {
      const junk = () => rng.list(12, () => String.fromCharCode(rng.below(300))).join('')
      const state = decode_view({ f: junk(), s: junk(), sort: junk(), cols: junk(), id: junk(), size: junk(), view: ['a', 'b'] }, drawer(), start)
      expect(page_sizes).toContain(state.size)
      expect(state.sort).toMatch(/^-?[a-z_]+$/)
      expect(state.view).toBe('')
    }
  })

  it('keeps columns in order, once each', () => {
    expect(decode_columns('name:200,tags,name')).toEqual([{ key: 'name', width: 200 }, { key: 'tags' }])
    expect(encode_columns([{ key: 'a', width: 99.6 }, { key: 'b' }])).toBe('a:100,b')
    expect(decode_columns('')).toBeNull()
  })
})
