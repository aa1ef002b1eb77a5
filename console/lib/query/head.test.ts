import { describe, expect, it } from 'vitest'
import { in_place, with_head } from './head'

type Row = { id: string; text: string }
type Page = { items: Row[]; next_cursor: string | null }
const rows = (words: string): Row[] => words.split(' ').filter(Boolean).map((id) => ({ id: id[0] as string, text: id }))
const page = (words: string, next_cursor: string | null = 'more'): Page => ({ items: rows(words), next_cursor })
const held = (...pages: Page[]) => ({ pages, pageParams: pages.map((_, at) => (at === 0 ? '' : String(at))) })
const texts = (data: { pages: Page[] } | null) => data?.pages.map((one) => one.items.map((row) => row.text).join(' '))

describe('with_head', () => {
  it('puts new rows on top and the new form of known ones', () => {
    expect(texts(with_head<Row, Page>(held(page('c b a'), page('z y')), page('d c b2')))).toEqual(['d c b2 a', 'z y'])
  })
  it('takes a row that came up from a later page away from there', () => {
    expect(texts(with_head<Row, Page>(held(page('c b'), page('a z')), page('a2 c b')))).toEqual(['a2 c b', 'z'])
  })
  it('keeps where the next page begins', () => {
    const next = with_head<Row, Page>(held(page('c b', 'after b')), page('d c', 'after c'))
    expect(next?.pages[0]?.next_cursor).toBe('after b')
  })
  it('is the whole list when nothing follows', () => {
    expect(texts(with_head<Row, Page>(held(page('c b'), page('a')), page('d c', null)))).toEqual(['d c'])
  })
  it('gives up when there is a gap', () => {
    expect(with_head<Row, Page>(held(page('c b a')), page('f e d'))).toBeNull()
  })
})

describe('in_place', () => {
  it('moves no row and says how many wait', () => {
    const { data, waiting } = in_place<Row, Page>(held(page('d c b a')), page('b2 e d c'))
    expect(texts(data)).toEqual(['d c b2 a'])
    expect(waiting).toBe(2)
  })
  it('has nobody waiting when only the text of rows changed', () => {
    const { data, waiting } = in_place<Row, Page>(held(page('d c b'), page('a')), page('d2 c b2'))
    expect(texts(data)).toEqual(['d2 c b2', 'a'])
    expect(waiting).toBe(0)
  })
  it('shows the first rows of an empty list at once', () => {
    const { data, waiting } = in_place<Row, Page>(held(page('', null)), page('b a'))
    expect(texts(data)).toEqual(['b a'])
    expect(waiting).toBe(0)
  })
})
