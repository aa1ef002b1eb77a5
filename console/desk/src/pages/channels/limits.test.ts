import { describe, expect, it } from 'vitest'
import { cap_sound, day_spans, form_of_limits, limits_of, limits_sound, line_fault, lines_of, minutes_of, over_midnight, slots_of } from './limits'

describe('a rota', () => {
  const week = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, from: 540, to: 1080 }))
  it('shows equal days as one line and comes back the same', () => {
    const lines = lines_of([...week, { weekday: 6, from: 1320, to: 360 }, { weekday: 7, from: 0, to: 1440 }])
    expect(lines).toEqual([
      { days: [1, 2, 3, 4, 5], from: '09:00', to: '18:00' },
      { days: [6], from: '22:00', to: '06:00' },
      { days: [7], from: '00:00', to: '00:00' },
    ])
    expect(slots_of(lines)).toEqual([...week, { weekday: 6, from: 1320, to: 360 }, { weekday: 7, from: 0, to: 1440 }])
    expect(lines.map(over_midnight)).toEqual([false, true, false])
  })
  it('needs a day and two different times', () => {
    expect(line_fault({ days: [], from: '09:00', to: '18:00' })).toBe('days')
    expect(line_fault({ days: [1], from: '09:00', to: '09:00' })).toBe('times')
    expect(line_fault({ days: [1], from: '', to: '18:00' })).toBe('times')
    expect(line_fault({ days: [1], from: '00:00', to: '00:00' })).toBe('')
    expect(minutes_of('later')).toBeNaN()
  })
  it('names days that stand side by side as a span', () => {
    expect(day_spans([5, 1, 2, 3, 7])).toEqual([
      [1, 3],
      [5, 5],
      [7, 7],
    ])
  })
})

describe('limits', () => {
  it('leave out who is no member and who has none', () => {
    const form = form_of_limits({ members: [{ userid: 'ann', daily_cap: 20, rota: [] }, { userid: 'gone', daily_cap: 5 }], backups: ['cid', 'bob'] })
    form.members.push({ userid: 'bob', cap: '', lines: [] })
    expect(limits_of(form, ['ann', 'bob'])).toEqual({ members: [{ userid: 'ann', daily_cap: 20, rota: [] }], backups: ['cid'] })
  })
  it('have caps from 1 to 10,000', () => {
    expect([0, 1, 10_000, 10_001, 1.5].map(cap_sound)).toEqual([false, true, true, false, false])
    const form = form_of_limits({ members: [{ userid: 'ann', daily_cap: 0 }], backups: [] })
    expect(limits_sound(form, ['ann'])).toBe(false)
    expect(limits_sound(form, ['bob'])).toBe(true)
  })
})
