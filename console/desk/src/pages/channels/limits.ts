import type { Schema } from '@lib/api/client'

/** The limits of a channel as the editor holds them: a rota as lines "these days, from, to" instead of one slot a day. */
export type Limits = Schema<'ChannelLimits'>
export type Slot = { weekday: number; from: number; to: number }

export interface Line {
  days: number[]
  from: string
  to: string
}
export interface MemberForm {
  userid: string
  cap: number | ''
  lines: Line[]
}
export interface LimitsForm {
  members: MemberForm[]
  backups: string[]
}

export const weekdays = [1, 2, 3, 4, 5, 6, 7] as const
export const max_lines = 6
const day = 1440

export const clock = (minutes: number) => `${String(Math.floor((minutes % day) / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`

/** Minutes of "HH:MM"; NaN when it is none. */
export function minutes_of(text: string): number {
  const parts = /^(\d{2}):(\d{2})/.exec(text)
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) : NaN
}

export function lines_of(rota: readonly Slot[]): Line[] {
  const found = new Map<string, Line>()
  for (const slot of rota) {
    const key = `${slot.from}-${slot.to}`
    const line = found.get(key) ?? { days: [], from: clock(slot.from), to: clock(slot.to) }
    line.days.push(slot.weekday)
    found.set(key, line)
  }
  for (const line of found.values()) line.days.sort()
  return [...found.values()]
}

/** 00:00 as an end is the end of the day. */
export const slots_of = (lines: readonly Line[]): Slot[] =>
  lines.flatMap((line) => line.days.map((weekday) => ({ weekday, from: minutes_of(line.from), to: minutes_of(line.to) || day })))

export const over_midnight = (line: Line) => (minutes_of(line.to) || day) <= minutes_of(line.from)

export function line_fault(line: Line): '' | 'days' | 'times' {
  if (!line.days.length) return 'days'
  const [from, to] = [minutes_of(line.from), minutes_of(line.to)]
  return Number.isNaN(from) || Number.isNaN(to) || (from === to && from !== 0) ? 'times' : ''
}

export const cap_sound = (cap: number | '') => cap === '' || (Number.isInteger(cap) && cap >= 1 && cap <= 10_000)

export const form_of_limits = (limits?: Limits): LimitsForm => ({
  members: (limits?.members ?? []).map((one) => ({ userid: one.userid, cap: one.daily_cap ?? '', lines: lines_of(one.rota ?? []) })),
  backups: [...(limits?.backups ?? [])],
})

/** Without what names nobody of the members, or says nothing. */
export const limits_of = (form: LimitsForm, members: readonly string[]): Limits => ({
  members: form.members
    .filter((one) => members.includes(one.userid) && (one.cap !== '' || one.lines.length))
    .map((one) => ({ userid: one.userid, daily_cap: one.cap === '' ? null : one.cap, rota: slots_of(one.lines) })),
  backups: form.backups.filter((userid) => !members.includes(userid)),
})

export const limits_sound = (form: LimitsForm, members: readonly string[]) =>
  form.members.filter((one) => members.includes(one.userid)).every((one) => cap_sound(one.cap) && one.lines.every((line) => !line_fault(line)))

/** Days that stand side by side as a span: 1,2,3,5 → [[1,3],[5,5]]. */
export function day_spans(days: readonly number[]): [number, number][] {
  const out: [number, number][] = []
  for (const one of [...days].sort()) {
    const last = out.at(-1)
    if (last && last[1] === one - 1) last[1] = one
    else out.push([one, one])
  }
  return out
}
