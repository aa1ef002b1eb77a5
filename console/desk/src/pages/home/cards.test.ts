import { describe, expect, it } from 'vitest'
import { desk_of, desks } from './cards'

const all = () => true

describe('the cards of a role', () => {
  it('begin with what the role needs first', () => {
    const first = Object.fromEntries(Object.keys(desks).map((role) => [role, desk_of(role as keyof typeof desks, all).wide[0]]))
    expect(first).toEqual({ admin: 'health', manager: 'unassigned', sales: 'unanswered', marketing: 'sending', service: 'unanswered', compliance: 'archive', readonly: 'stock' })
  })
  it('leave out what the person may not read', () => {
    const desk = desk_of('compliance', (permission) => permission !== 'archive.read')
    expect([...desk.wide, ...desk.side]).toEqual(['health', 'feed'])
  })
  it('stand in one place only', () => {
    for (const desk of Object.values(desks)) {
      const names = [...desk.wide, ...desk.side]
      expect(new Set(names).size).toBe(names.length)
    }
  })
  it('show a token without a role who waits', () => {
    expect(desk_of(null, all).wide).toEqual(['unanswered', 'new_leads'])
  })
})
