import { describe, expect, it } from 'vitest'
import { scope_of_role, type Role } from './api'
import { as_map, branches, merged, same_roles } from './departments'
import { lacking } from './lacks'
import { browser_words, in_fours, new_password } from './words'

const map = (entries: Record<string, Role>) => new Map(Object.entries(entries))

describe('departments', () => {
  const all = [
    { id: '3', name: '一组', parent: '2' },
    { id: '1', name: '公司', parent: '0' },
    { id: '2', name: '销售部', parent: '1' },
  ]
  it('stand below the one they belong to and say whose role they take', () => {
    const tree = branches(all, map({ '1': 'readonly', '2': 'sales' }))
    expect(tree.map((one) => [one.id, one.depth, one.path])).toEqual([
      ['1', 0, '公司'],
      ['2', 1, '公司 / 销售部'],
      ['3', 2, '公司 / 销售部 / 一组'],
    ])
    expect(tree.map((one) => [one.inherited, one.from])).toEqual([
      [null, ''],
      ['readonly', '公司'],
      ['sales', '销售部'],
    ])
  })
  it('are all there when the tree is cut or points at itself', () => {
    const odd = [
      { id: '5', name: 'a', parent: '6' },
      { id: '6', name: 'b', parent: '5' },
      { id: '7', name: 'c', parent: '7' },
      { id: '8', name: 'd', parent: '99' },
    ]
    expect(branches(odd, new Map()).map((one) => one.id).sort()).toEqual(['5', '6', '7', '8'])
  })
  it('keep both sides of two changes', () => {
    const start = map({ '1': 'sales', '2': 'service', '3': 'readonly' })
    const mine = map({ '1': 'manager', '2': 'service' }) // 1 changed, 3 taken away
    const theirs = map({ '1': 'sales', '3': 'readonly', '4': 'marketing' }) // 2 taken away, 4 added
    expect(same_roles(merged(start, mine, theirs), map({ '1': 'manager', '4': 'marketing' }))).toBe(true)
    expect(same_roles(merged(start, start, theirs), theirs)).toBe(true)
    expect(same_roles(as_map([{ department: '1', role: 'sales' }]), map({ '1': 'manager' }))).toBe(false)
  })
})

describe('words', () => {
  it('name the browser', () => {
    expect(browser_words('Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36', 'WeCom')).toBe('Chrome · Windows')
    expect(browser_words('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/107.0 Safari/537.36 wxwork/4.1.30 MicroMessenger/7.0.1', 'WeCom')).toBe('WeCom · Windows')
    expect(browser_words('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile Safari/604.1', 'WeCom')).toBe('Safari · iOS')
    expect(browser_words('', 'WeCom')).toBe('')
  })
  it('make passwords that the server takes', () => {
    const made = new Set(Array.from({ length: 200 }, () => new_password()))
    expect(made.size).toBe(200)
    for (const one of made) expect(one).toMatch(/^[a-km-zA-HJ-NP-Z2-9]{16}$/)
  })
  it('break secrets into fours', () => {
    expect(in_fours('ABCDEFGHIJ')).toBe('ABCD EFGH IJ')
    expect(in_fours('ABCD')).toBe('ABCD')
  })
})

it('a role sees by itself what the server says', () => {
  expect(scope_of_role('sales', false)).toBe('self')
  expect(scope_of_role('manager', false)).toBe('all')
  expect(scope_of_role('manager', true)).toBe('subtree')
  expect(scope_of_role('readonly', true)).toBe('all')
})

describe('what a refusal lacks', () => {
  it('is read from the server\'s words', () => {
    expect(lacking('your role lacks the permission contacts.read; an admin can give you another role')).toBe('contacts.read')
    expect(lacking('your role lacks the permission own; an admin can give you another role')).toBe('own')
    expect(lacking('your role may not assign leads')).toBe('')
  })
})
