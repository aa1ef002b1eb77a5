import { load_texts } from '@lib/i18n'

/** A person's timeline reads the same everywhere: its words belong to the contacts page and are fetched with its lines. */
export const load_event_texts = (): Promise<void> =>
  load_texts('contacts', async (lang) => (lang === 'zh' ? await import('../contacts/zh.json') : await import('../contacts/en.json')).default)
