/** Numbers, money, times and ids as people read them. All take the language as their last argument: 'zh' or 'en'. */
export type Lang = 'zh' | 'en'

const tags = { zh: 'zh-CN', en: 'en-GB' } as const
const made = new Map<string, unknown>()

function kept<T>(key: string, make: () => T): T {
  if (!made.has(key)) made.set(key, make())
  return made.get(key) as T
}

/** A half-width space between Han characters and Latin letters or figures. */
export function spaced(text: string): string {
  return text.replace(/([0-9A-Za-z%])([一-鿿])/g, '$1 $2').replace(/([一-鿿])([0-9A-Za-z¥])/g, '$1 $2')
}

export function number(value: number, lang: Lang, digits = 0): string {
  return kept(`n${lang}${digits}`, () => new Intl.NumberFormat(tags[lang], { maximumFractionDigits: digits })).format(value)
}

/** 12,480 · 约 1,003,000 when the server only knows a lower bound. */
export function total(value: { value: number; relation?: 'eq' | 'gte' | undefined }, lang: Lang): string {
  const text = number(value.value, lang)
  if (value.relation !== 'gte') return text
  return lang === 'zh' ? `约 ${text}` : `about ${text}`
}

export function percent(part: number, whole: number, lang: Lang, digits = 1): string {
  if (!(whole > 0)) return '–'
  const make = () => new Intl.NumberFormat(tags[lang], { style: 'percent', maximumFractionDigits: digits })
  return kept(`p${lang}${digits}`, make).format(part / whole)
}

export interface Money {
  amount: number
  currency: string
}

/** The amount is in fen. `compact` says 万 instead of four zeros (k in English). */
export function money(value: Money, lang: Lang, compact = false): string {
  const yuan = value.amount / 100
  const sign = value.currency === 'CNY' ? '¥' : `${value.currency} `
  if (compact && Math.abs(yuan) >= 10000) {
    return lang === 'zh' ? `${sign}${number(yuan / 10000, lang, 1)} 万` : `${sign}${number(yuan / 1000, lang, 1)}k`
  }
  return `${sign}${number(yuan, lang, Number.isInteger(yuan) ? 0 : 2)}`
}

export function bytes(value: number, lang: Lang): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let step = 0
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000
    step += 1
  }
  return `${number(value, lang, step === 0 ? 0 : 1)} ${units[step]}`
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

export function relative(time: string | number | Date, lang: Lang, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000
  if (Number.isNaN(seconds)) return '–'
  if (Math.abs(seconds) < 45) return lang === 'zh' ? '刚刚' : 'just now'
  const format = kept(`r${lang}`, () => new Intl.RelativeTimeFormat(tags[lang], { numeric: 'always' }))
  const size = Math.abs(seconds)
  const [unit, length] = steps.find(([, step]) => size >= step) ?? ['minute', 60]
  const amount = Math.sign(seconds) * Math.max(1, Math.floor(size / length))
  return lang === 'zh' ? spaced(format.format(amount, unit)) : format.format(amount, unit)
}

export function exact(time: string | number | Date, lang: Lang, style: 'full' | 'date' | 'time' | 'minute' = 'full'): string {
  const date = new Date(time)
  if (Number.isNaN(date.getTime())) return '–'
  const day = { year: 'numeric', month: '2-digit', day: '2-digit' } as const
  const clock = { hour: '2-digit', minute: '2-digit', hour12: false } as const
  const options = {
    full: { ...day, ...clock, second: '2-digit' } as const,
    minute: { ...day, ...clock },
    date: day,
    time: clock,
  }[style]
  return kept(`t${lang}${style}`, () => new Intl.DateTimeFormat(tags[lang], options)).format(date)
}

/** 480 ms, 48 秒, 3 分 20 秒, 2 小时 5 分 */
export function duration(ms: number, lang: Lang): string {
  const words = lang === 'zh' ? [' 毫秒', ' 秒', ' 分', ' 小时', ' 天'] : [' ms', ' s', ' min', ' h', ' d']
  const join = (a: number, u: number, b: number, v: number) => `${a}${words[u]}${b ? ` ${b}${words[v]}` : ''}`
  if (ms < 1000) return `${Math.round(ms)}${words[0]}`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}${words[1]}`
  if (seconds < 3600) return join(Math.floor(seconds / 60), 2, seconds % 60, 1)
  if (seconds < 86_400) return join(Math.floor(seconds / 3600), 3, Math.floor((seconds % 3600) / 60), 2)
  return join(Math.floor(seconds / 86_400), 4, Math.floor((seconds % 86_400) / 3600), 3)
}

/** The end of a long id, enough to tell two apart. */
export function short_id(id: string): string {
  return id.length > 10 ? `…${id.slice(-6)}` : id
}

/** One or two letters for an avatar: the last two Han characters of a name, or the initials. */
export function initials(name: string): string {
  const text = name.trim()
  if (!text) return '?'
  const han = text.match(/[一-鿿]/g)
  if (han) return han.slice(-2).join('')
  const words = text.split(/[\s._-]+/).filter(Boolean)
  const letters = words.length > 1 ? (words[0]?.[0] ?? '') + (words[1]?.[0] ?? '') : text.slice(0, 2)
  return letters.toUpperCase()
}

/** 1 to 6, the same for the same name: picks an avatar's or a chart's colour. */
export function tint(name: string): number {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) >>> 0
  return (sum % 6) + 1
}
