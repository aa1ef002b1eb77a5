import { describe, expect, it } from 'vitest'
import { duration, initials, money, number, percent, relative, spaced, tint, total } from './index'

const now = Date.parse('2026-11-22T12:00:00Z')
const ago = (seconds: number) => now - seconds * 1000

describe('format', () => {
  it('says how long ago', () => {
    expect(relative(ago(10), 'zh', now)).toBe('刚刚')
    expect(relative(ago(180), 'zh', now)).toBe('3 分钟前')
    expect(relative(ago(3 * 3600), 'en', now)).toBe('3 hours ago')
    expect(relative(ago(17 * 86_400), 'zh', now)).toBe('17 天前')
    expect(relative(ago(-7200), 'zh', now)).toBe('2 小时后')
    expect(relative('nonsense', 'zh', now)).toBe('–')
  })
  it('writes money from fen', () => {
    expect(money({ amount: 86_240_000, currency: 'CNY' }, 'zh')).toBe('¥862,400')
    expect(money({ amount: 129_950, currency: 'CNY' }, 'zh')).toBe('¥1,299.5')
    expect(money({ amount: 86_240_000, currency: 'CNY' }, 'zh', true)).toBe('¥86.2 万')
    expect(money({ amount: 86_240_000, currency: 'CNY' }, 'en', true)).toBe('¥862.4k')
  })
  it('writes totals, shares and spans', () => {
    expect(total({ value: 1_003_000, relation: 'gte' }, 'zh')).toBe('约 1,003,000')
    expect(number(12480, 'en')).toBe('12,480')
    expect(percent(1, 0, 'zh')).toBe('–')
    expect(percent(1, 8, 'zh')).toBe('12.5%')
    expect(duration(48_000, 'zh')).toBe('48 秒')
    expect(duration(200_000, 'en')).toBe('3 min 20 s')
  })
  it('puts spaces between Han and Latin', () => {
    expect(spaced('共3人VIP客户')).toBe('共 3 人 VIP 客户')
  })
  it('makes initials and a stable tint', () => {
    expect(initials('欧阳娜娜')).toBe('娜娜')
    expect(initials('Ada Lovelace')).toBe('AL')
    expect(initials(' ')).toBe('?')
    expect(tint('张三')).toBe(tint('张三'))
    expect(tint('<img onerror>')).toBeGreaterThan(0)
  })
})
