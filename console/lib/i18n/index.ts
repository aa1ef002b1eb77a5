import { createI18n, type MessageCompiler, type MessageContext, type MessageFunction } from 'vue-i18n'
import type { Lang } from '../format'
import zh from './zh.json'

/**
 * Chinese is bundled, English is fetched when chosen. A page's texts stand in desk/src/pages/PAGE/{zh,en}.json under the key PAGE and
 * arrive with the page: `t('contacts.title')`. Shared texts are here.
 */
export type Messages = { [key: string]: string | string[] | Messages }
type Loader = (lang: Lang) => Promise<Messages>

/**
 * Our texts have {names} and nothing else, so this stands for the library's own compiler, which is a tenth of what a first load
 * brings. scripts/texts.mjs refuses what it could not read.
 */
function filled_in(message: unknown): MessageFunction<string> {
  const parts = String(message).split(/\{(\w+)\}/)
  const whole = parts[0] ?? ''
  if (parts.length === 1) return () => whole
  return (ctx: MessageContext<string>) => parts.map((part, at) => (at % 2 ? String(ctx.named(part) ?? '') : part)).join('')
}

export const i18n = createI18n({
  legacy: false,
  locale: 'zh',
  fallbackLocale: 'zh',
  missingWarn: false,
  fallbackWarn: false,
  messageCompiler: filled_in as MessageCompiler,
  messages: { zh, en: {} } as Record<string, Messages>,
})

const composer = i18n.global
const loaders = new Map<string, Loader>()
const loaded = new Set<string>()

loaders.set('', async (lang) => (lang === 'zh' ? zh : ((await import('./en.json')).default as Messages)))
loaded.add('/zh')

async function load(space: string, lang: Lang): Promise<void> {
  const key = `${space}/${lang}`
  const loader = loaders.get(space)
  if (loaded.has(key) || !loader) return
  const messages = await loader(lang)
  composer.mergeLocaleMessage(lang, (space ? { [space]: messages } : messages) as never)
  loaded.add(key)
}

export function language(): Lang {
  return (composer.locale as unknown as { value: Lang }).value
}

/** Fetches a page's texts in the language in use; other languages follow when they are chosen. */
export async function load_texts(space: string, loader: Loader): Promise<void> {
  loaders.set(space, loader)
  await load(space, language())
}

export async function set_language(lang: Lang): Promise<void> {
  await Promise.all([...loaders.keys()].map((space) => load(space, lang)))
  ;(composer.locale as unknown as { value: Lang }).value = lang
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en'
}

/** For code outside components; in components use useI18n(). */
export const t = composer.t as (key: string, named?: Record<string, unknown>) => string
export const te = composer.te as (key: string) => boolean
export const tm = composer.tm as (key: string) => unknown
