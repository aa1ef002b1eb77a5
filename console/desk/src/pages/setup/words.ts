import { t, te } from '@lib/i18n'
import type { Finding } from './api'

export interface Said {
  title: string
  text: string
  fix: string
  /** Where to click in WeCom's admin console; a setting of ours or an address of the API is not shown as one. */
  place: string
  errcode: string
  /** The address WeCom saw, to be put on its list. */
  ip: string
}

/** These mean: put the address on the list. */
const unlisted = ['60020', '301042', '10009']
const callback = /^corp\.callback\.(.+)$/

/** What a finding is about: 'token', 'callback', 'archive_sdk'. */
export function subject(code: string): string {
  return callback.test(code) ? 'callback' : code === 'corp.callback' ? 'no_callback' : code.replace(/^corp\./, '').replace(/\./g, '_')
}

/** Codes are numbers of four digits and more; only those we have words for count, so that a port or a time is none. */
function errcode_of(cause: string): string {
  const said = /WeCom says (-?\d+)/.exec(cause)?.[1]
  if (said) return said
  return [...cause.matchAll(/(?<![\d.:])\d{5,6}(?![\d.:]*\d)/g)].map((found) => found[0]).find((code) => te(`setup.errcode.${code}.what`)) ?? ''
}

/** Which of the texts of a subject fits, where there are several for one verdict. */
function variant(about: string, finding: Finding): string {
  if (finding.verdict === 'ok') return 'ok'
  if (about === 'sync') return finding.cause.startsWith('running') ? 'running' : finding.verdict === 'warning' ? 'never' : 'broken'
  if (about === 'domain_url') return finding.cause.startsWith('server.public_url is not set') ? 'missing' : 'broken'
  if (about === 'toolbar') return finding.cause.startsWith('server.public_url is not set') ? 'missing' : 'waiting'
  if (about === 'domain_file') return finding.cause.startsWith('no verify file') ? 'missing' : 'broken'
  if (about === 'archive_secret') return finding.cause.includes('is missing') ? 'missing' : 'broken'
  if (about === 'archive_keys') return finding.cause.startsWith('no private key') ? 'missing' : 'broken'
  return 'broken'
}

/** A finding in the person's language: by its code and WeCom's error code; the server's own sentence is the last resort. */
export function say(finding: Finding): Said {
  const about = subject(finding.code)
  const own = callback.exec(finding.code)?.[1] ?? ''
  const name = te(`setup.callback.name.${own}`) ? t(`setup.callback.name.${own}`) : own
  const errcode = finding.verdict === 'ok' ? '' : errcode_of(finding.cause)
  const n = /\d[\d.]*/.exec(finding.cause)?.[0] ?? ''
  const key = `setup.found.${about}.${variant(about, finding)}`
  const known = errcode !== '' && te(`setup.errcode.${errcode}.what`)
  const text = known ? t(`setup.errcode.${errcode}.what`) : errcode ? t('setup.errcode_other', { code: errcode }) : te(key) ? t(key, { n, name }) : finding.cause
  const fix_key = `setup.fix.${about}`
  const fix = finding.verdict === 'ok' ? '' : known ? t(`setup.errcode.${errcode}.fix`) : errcode ? t('setup.errcode_other_fix') : te(fix_key) ? t(fix_key) : finding.fix
  return {
    title: te(`setup.about.${about}`) ? t(`setup.about.${about}`, { name }) : finding.code,
    text,
    fix,
    place: /[一-鿿]/.test(finding.place) ? finding.place : '',
    errcode,
    ip: unlisted.includes(errcode) ? (/from ip: ([0-9a-fA-F:.]*[0-9a-fA-F])/.exec(finding.cause)?.[1] ?? '') : '',
  }
}

/** The address WeCom is to call: the one the server names, else the one this page came from. */
export function callback_url(path: string, findings: Finding[]): string {
  for (const finding of findings) {
    const named = /(https?:\/\/\S+\/callback\/wecom\/\S+)/.exec(finding.cause)?.[1]
    if (named?.endsWith(path) && !named.startsWith('https://HOST/')) return named
  }
  return `${location.origin}${path}`
}

/** A name WeCom can call: https, and no address of a machine. */
export const is_outside = (url: string): boolean => /^https:\/\/(?!localhost|[\d.]+[:/]|\[)/.test(url)
