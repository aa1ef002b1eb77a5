import { t } from '@lib/i18n'
import { new_secret, type Auth } from './api'
import { preset_of, type AuthKind } from './presets'

/** The proof of a sender as the form edits it. It goes out whole: the server never says what stands there now. */
export interface AuthForm {
  kind: AuthKind
  secret: string
  /** A former secret that stays good until the sender was changed. */
  former: string
  header: string
  token: string
  tolerance: string
  allow_ips: string
}

export const auth_kinds: AuthKind[] = ['path', 'header', 'hmac', 'github', 'stripe', 'std', 'jdy', 'wjx', 'fanqier', 'feishu', 'none']
export const needs_header = (kind: AuthKind) => kind === 'header' || kind === 'hmac'
/** Kinds that sign the time of sending: how far it may be off. */
export const signs_time = (kind: AuthKind) => kind === 'stripe' || kind === 'std'
/** Kinds whose secret we make up; the others' comes from the provider. */
export const ours = (kind: AuthKind, preset: string) => kind === 'path' || kind === 'header' || kind === 'github' || (kind === 'hmac' && preset !== 'oceanengine')

export function start_auth(preset: string, kind: AuthKind = preset_of(preset).auth.kind): AuthForm {
  const known = preset_of(preset).auth
  return {
    kind,
    secret: ours(kind, preset) ? new_secret() : '',
    former: '',
    header: needs_header(kind) ? (known.kind === kind ? (known.header ?? '') : '') : '',
    token: '',
    tolerance: signs_time(kind) ? '300' : '',
    allow_ips: '',
  }
}

const lines = (text: string) => text.split(/[\s,，]+/).filter(Boolean)
export function auth_of(form: AuthForm): Auth {
  const secrets = form.kind === 'none' ? [] : [form.secret.trim(), form.former.trim()].filter(Boolean)
  const ips = lines(form.allow_ips)
  return {
    kind: form.kind,
    ...(secrets.length ? { secrets } : {}),
    ...(needs_header(form.kind) ? { header: form.header.trim() } : {}),
    ...(form.kind === 'feishu' && form.token.trim() ? { token: form.token.trim() } : {}),
    ...(signs_time(form.kind) ? { tolerance_s: Number(form.tolerance) } : {}),
    ...(ips.length ? { allow_ips: ips } : {}),
  }
}

const header_name = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const short = (text: string, least = 4) => (text.length < least ? t('field.too_short') : text.length > 512 ? t('field.too_long') : '')
export function auth_faults(form: AuthForm): Partial<Record<keyof AuthForm, string>> {
  const secret = form.secret.trim()
  const by_token = form.kind === 'feishu' && form.token.trim() !== ''
  const seconds = Number(form.tolerance)
  return {
    secret: form.kind === 'none' || (by_token && !secret) ? '' : secret ? short(secret) : t('field.required'),
    former: form.kind === 'none' || !form.former.trim() ? '' : short(form.former.trim()),
    header: !needs_header(form.kind) ? '' : !form.header.trim() ? t('field.required') : header_name.test(form.header.trim()) ? '' : t('field.wrong'),
    tolerance: !signs_time(form.kind) || (form.tolerance !== '' && Number.isInteger(seconds) && seconds >= 0 && seconds <= 604_800) ? '' : t('sources.tolerance_range'),
    allow_ips: lines(form.allow_ips).length > 20 ? t('sources.ips_most') : lines(form.allow_ips).every((one) => /^[0-9a-fA-F:.]+(\/\d{1,3})?$/.test(one)) ? '' : t('sources.fault.auth.allow_ips'),
  }
}
