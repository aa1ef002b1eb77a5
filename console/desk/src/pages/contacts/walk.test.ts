import { describe, expect, it } from 'vitest'
import { walk_at } from './walk'

describe('the way through a list', () => {
  it('has a contact before and after, and ends at the ends', () => {
    expect(walk_at('2', ['1', '2', '3'])).toEqual({ at: 2, of: 3, previous: '1', next: '3' })
    expect(walk_at('1', ['1', '2'])).toMatchObject({ previous: '', next: '2' })
    expect(walk_at('2', ['1', '2'])).toMatchObject({ previous: '1', next: '' })
  })
  it('is none for who is not in the list, or alone in it', () => {
    expect(walk_at('9', ['1', '2'])).toBeNull()
    expect(walk_at('1', ['1'])).toBeNull()
  })
  it('is none where nothing sensible is kept', () => {
    sessionStorage.setItem('lb.walk', '{"a":')
    expect(walk_at('1')).toBeNull()
    sessionStorage.setItem('lb.walk', '["1","2"]')
    expect(walk_at('1')).toMatchObject({ next: '2' })
  })
})
