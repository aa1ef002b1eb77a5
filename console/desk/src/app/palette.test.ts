import { describe, expect, it } from 'vitest'
import { rank, score, type Entry } from './palette'

const entry = (text: string, kind: Entry['kind'] = 'page', also: string[] = []): Entry => ({ id: text, kind, text, also, icon: 'file', run: () => {} })
const sounds: Record<string, string[]> = { 客户: ['kehu', 'kh'], 渠道: ['qudao', 'qd'], 群发: ['qunfa', 'qf'] }
const found = (query: string) => rank(query, [entry('客户', 'page', ['Contacts']), entry('渠道'), entry('群发'), entry('切换深浅色', 'action')], (text) => sounds[text] ?? []).map((one) => one.text)

describe('palette', () => {
  it('finds by characters, by pinyin and its initials, and by the other language', () => {
    expect(found('客')).toEqual(['客户'])
    expect(found('kehu')).toEqual(['客户'])
    expect(found('qd')).toEqual(['渠道'])
    expect(found('qun')).toEqual(['群发'])
    expect(found('cont')).toEqual(['客户'])
    expect(found('zzz')).toEqual([])
  })
  it('puts better answers first', () => {
    expect(score('ab', 'ab')).toBeGreaterThan(score('ab', 'abc'))
    expect(score('ab', 'abc')).toBeGreaterThan(score('ab', 'x ab'))
    expect(score('ab', 'x ab')).toBeGreaterThan(score('ab', 'a_b'))
    expect(score('ab', 'ba')).toBe(0)
  })
  it('keeps people the server found, whatever matched', () => {
    expect(rank('138', [entry('张三', 'contact')]).length).toBe(1)
  })
})
