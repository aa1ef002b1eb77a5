import { t, te } from '@lib/i18n'

/** A type of message, or a kind of file, in the person's language; one that has no words here keeps WeCom's. */
export function type_name(type: string): string {
  const key = `archive.types.${type.toLowerCase()}`
  return te(key) ? t(key) : type
}
