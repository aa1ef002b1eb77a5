import { describe, expect, it } from 'vitest'
import { asked_in, asks, pieces, question, said, unsaid, type Asked } from './search'

const { s: _, ...rest } = unsaid
const nothing: Asked = { ...rest, q: '' }

describe('pieces', () => {
  it('cuts at characters, also beside those of two halves', () => {
    expect(pieces('👍报价单👍', [{ first: 1, length: 2 }])).toEqual([
      { text: '👍', found: false },
      { text: '报价', found: true },
      { text: '单👍', found: false },
    ])
  })
  it('has one piece without places and none without text', () => {
    expect(pieces('报价', [])).toEqual([{ text: '报价', found: false }])
    expect(pieces('', [])).toEqual([])
  })
  it('takes places at both ends', () => {
    expect(pieces('abc', [{ first: 0, length: 1 }, { first: 2, length: 1 }]).map((one) => one.found)).toEqual([true, false, true])
  })
})

describe('question', () => {
  it('asks nothing of an empty form', () => {
    expect(asks(nothing)).toBe(false)
    expect(asks({ ...nothing, q: '  ' })).toBe(false)
    expect(question(nothing)).toEqual({ q: '', filter: {} })
  })
  it('takes whole days and plain choices', () => {
    const asked = question({ ...nothing, q: ' 报价 ', type: 'file', from: '2026-11-22', until: '2026-11-22', file: 'yes', recalled: 'no' })
    expect(asked.q).toBe('报价')
    expect(asked.filter).toMatchObject({ types: ['file'], has_file: true, recalled: false })
    expect(question({ ...nothing, contact: '7' }).filter).toEqual({ contact: '7' })
    expect(Date.parse(asked.filter?.to ?? '') - Date.parse(asked.filter?.from ?? '')).toBe(86_400_000)
  })
})

describe('the address', () => {
  const kept = new Map<string, string>()
  const drawer = { put: (text: string) => (kept.set('k1', text), 'k1'), get: (key: string) => kept.get(key) ?? null }
  it('names the words by their key and gives them back', () => {
    const written = { ...unsaid, ...said({ q: '报价', type: 'file' }, drawer) }
    expect(JSON.stringify(written)).not.toContain('报价')
    expect(asked_in(written, drawer)).toEqual({ ...nothing, q: '报价', type: 'file' })
    const more = { ...written, hit: '1' } // the page's address has more words than the question
    expect(asked_in(more, drawer)).toEqual({ ...nothing, q: '报价', type: 'file' })
  })
  it('keeps the words when something else changes, and drops them when they are', () => {
    expect(said({ type: 'file' }, drawer)).toEqual({ type: 'file' })
    expect(said({ q: '' }, drawer)).toEqual({ s: '' })
  })
  it('asks nothing of words that another tab typed', () => {
    expect(asks(asked_in({ ...unsaid, s: 'k9' }, drawer))).toBe(false)
  })
})
