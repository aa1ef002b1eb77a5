import { afterEach, describe, expect, it } from 'vitest'
import { ago, choose, day, language, speak, t, word } from './words'

afterEach(() => speak('zh'))

describe('texts', () => {
  it('follow the language', () => {
    speak('zh')
    expect(t('card.counts', { them: 3, us: 5 })).toBe('客户 3 条，我 5 条')
    expect(document.documentElement.lang).toBe('zh-CN')
    speak('en')
    expect(t('card.counts', { them: 3, us: 5 })).toBe('3 from the contact, 5 from me')
    expect(document.title).toBe('Contact')
    expect(language.value).toBe('en')
  })
  it('are kept only when somebody chose', () => {
    localStorage.clear()
    speak('en')
    expect(localStorage.length).toBe(0)
    choose('en')
    expect(localStorage.getItem('lb.side.lang')).toBe('en')
  })
  it("leave the server's unknown words as they are", () => {
    expect(word('stage', 'qualified')).toBe('有意向')
    expect(word('stage', '已报价 3 次')).toBe('已报价 3 次')
  })
})

describe('times', () => {
  const now = Date.parse('2026-11-22T12:00:00Z')
  const before = (minutes: number) => new Date(now - minutes * 60_000).toISOString()
  it('are said in words, then as a day', () => {
    expect(ago(before(0), now)).toBe('刚刚')
    expect(ago(before(59), now)).toBe('59 分钟前')
    expect(ago(before(60 * 23), now)).toBe('23 小时前')
    expect(ago(before(60 * 24 * 3), now)).toBe('3 天前')
    expect(ago(before(60 * 24 * 40), now)).toBe(day(before(60 * 24 * 40)))
    expect(ago(null, now)).toBe('–')
    expect(ago('nonsense', now)).toBe('–')
    expect(day('')).toBe('–')
  })
})
