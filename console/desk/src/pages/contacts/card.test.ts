import { describe, expect, it } from 'vitest'
import { abouts, abouts_in, toggled } from './about'
import { changes_of, reverse_of, shown_identities, type CardForm } from './card'

const base: CardForm = { company: '甲公司', position: '', gender: 0, opted_out: false }
const identity = (kind: 'phone' | 'email' | 'unionid', value: string) => ({ kind, value, added: null })

describe('editing a contact', () => {
  it('sends only what was changed, without blanks around it', () => {
    expect(changes_of(base, { ...base, company: ' 甲公司 ', position: ' 采购 ' })).toEqual({ position: '采购' })
    expect(changes_of(base, { ...base, gender: 2, opted_out: true })).toEqual({ gender: 2, opted_out: true })
    expect(changes_of(base, { ...base })).toEqual({})
  })
  it('takes back just that', () => {
    expect(reverse_of(base, { company: '乙公司', opted_out: true })).toEqual({ company: '甲公司', opted_out: false })
  })
})

describe('masked identities', () => {
  const all = [identity('unionid', 'u1'), identity('phone', '138****0001'), identity('phone', '139****0002'), identity('email', 'a***@b.c')]

  it('are asked for once per kind, and only by who has to ask', () => {
    expect(shown_identities(all, {}, true).map((one) => one.ask)).toEqual([null, 'phone', null, 'email'])
    expect(shown_identities(all, {}, false).map((one) => one.ask)).toEqual([null, null, null, null])
  })
  it('show what was revealed, each in its place', () => {
    const shown = shown_identities(all, { phone: ['13800000001', '13900000002'] }, true)
    expect(shown.map((one) => one.value)).toEqual(['u1', '13800000001', '13900000002', 'a***@b.c'])
    expect(shown.map((one) => one.clear)).toEqual([false, true, true, false])
    expect(shown.map((one) => one.ask)).toEqual([null, null, null, 'email'])
  })
  it('a phone that came later can be asked for', () => {
    const shown = shown_identities(all, { phone: ['13800000001'] }, true)
    expect(shown.map((one) => one.value)).toEqual(['u1', '13800000001', '139****0002', 'a***@b.c'])
    expect(shown.map((one) => one.ask)).toEqual([null, null, 'phone', 'email'])
  })
})

describe('what a timeline is about', () => {
  it('reads the address: known words, once, in order', () => {
    expect(abouts_in('tag,lead,lead,nonsense')).toEqual(['lead', 'tag'])
    expect(abouts_in('')).toEqual([])
  })
  it('adds and takes away', () => {
    expect(toggled(['lead'], 'friend')).toBe('friend,lead')
    expect(toggled(['friend', 'lead'], 'lead')).toBe('friend')
    expect(toggled(['lead'], 'lead')).toBe('')
    expect(toggled([...abouts], 'note')).toBe('friend,lead,chat,tag,form,push')
  })
})
