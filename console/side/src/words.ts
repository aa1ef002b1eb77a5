import { ref } from 'vue'
import { spaced } from '@lib/format'
import en from './texts/en.json'
import zh from './texts/zh.json'

export type Lang = 'zh' | 'en'
type Texts = { [key: string]: string | Texts }

// Both are bundled: together they weigh less than one more request.
const texts: Record<Lang, Texts> = { zh, en }
const kept = 'lb.side.lang'

/** The client's own language (WeCom writes it into its browser's name), unless somebody chose the other. */
function first_language(): Lang {
  try {
    const chosen = localStorage.getItem(kept)
    if (chosen === 'zh' || chosen === 'en') return chosen
  } catch {
    // storage may be blocked
  }
  const named = /\bLanguage\/(\w+)/i.exec(navigator.userAgent)?.[1] ?? navigator.language ?? 'zh'
  return /^zh/i.test(named) ? 'zh' : 'en'
}

export const language = ref<Lang>(first_language())

export function speak(lang: Lang): void {
  language.value = lang
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'
  document.title = t('page.title')
}

/** Somebody chose: it holds on this device, whatever the client speaks. */
export function choose(lang: Lang): void {
  speak(lang)
  try {
    localStorage.setItem(kept, lang)
  } catch {
    // then for this time only
  }
}

function find(key: string): string | undefined {
  let at: string | Texts | undefined = texts[language.value]
  for (const part of key.split('.')) at = typeof at === 'object' ? at[part] : undefined
  return typeof at === 'string' ? at : undefined
}

/** The text of a key, its {names} filled in. */
export function t(key: string, named: Record<string, string | number> = {}): string {
  const text = (find(key) ?? key).replace(/\{(\w+)\}/g, (whole, name: string) => String(named[name] ?? whole))
  return language.value === 'zh' ? spaced(text) : text
}

/** The text of a word of the server's, or the word itself. */
export function word(space: string, name: string): string {
  return find(`${space}.${name}`) ?? name
}

/** Intl.RelativeTimeFormat is newer than the webviews this runs in. */
export function ago(time: string | null | undefined, now: number): string {
  if (!time) return '–'
  const minutes = Math.floor((now - Date.parse(time)) / 60_000)
  if (Number.isNaN(minutes)) return '–'
  if (minutes < 1) return t('time.now')
  if (minutes < 60) return t('time.minutes', { n: minutes })
  if (minutes < 24 * 60) return t('time.hours', { n: Math.floor(minutes / 60) })
  if (minutes < 30 * 24 * 60) return t('time.days', { n: Math.floor(minutes / 60 / 24) })
  return day(time)
}

const two = (n: number) => `0${n}`.slice(-2)

/** 2026-11-22, in this device's time zone. */
export function day(time: string | null | undefined): string {
  const at = new Date(time ?? '')
  if (Number.isNaN(at.getTime())) return '–'
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

export function minute(time: string | number): string {
  const at = new Date(time)
  return Number.isNaN(at.getTime()) ? '–' : `${two(at.getHours())}:${two(at.getMinutes())}`
}
