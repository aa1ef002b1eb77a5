import { beforeAll, describe, expect, it } from 'vitest'
import { load_texts } from '@lib/i18n'
import { callback_url, is_outside, say, subject } from './words'
import zh from './zh.json'

const finding = (code: string, verdict: 'ok' | 'warning' | 'broken', cause = '', place = '', fix = '') => ({ code, verdict, cause, place, fix })

beforeAll(() => load_texts('setup', () => Promise.resolve(zh)))

describe('findings in words', () => {
  it('tells a WeCom code with its fix, and the address WeCom saw', () => {
    const said = say(finding('corp.token', 'broken', 'WeCom says 60020: not allow to access from your ip, hint: [1], from ip: 203.0.113.7, more info at example', '应用管理 › 自建应用 › 企业可信IP'))
    expect(said.errcode).toBe('60020')
    expect(said.text).toBe(zh.errcode['60020'].what)
    expect(said.fix).toBe(zh.errcode['60020'].fix)
    expect(said.ip).toBe('203.0.113.7')
    expect(said.place).toContain('企业可信IP')
  })
  it('does not take a port for a code', () => {
    expect(say(finding('corp.network', 'broken', 'http://127.0.0.1:10001 cannot be reached: refused', 'corp.api_base')).errcode).toBe('')
  })
  it('names a code it has no words for', () => {
    expect(say(finding('corp.token', 'broken', 'WeCom says 99999: odd')).text).toContain('99999')
  })
  it('falls back on the sentence of the server for a check of a later version', () => {
    expect(say(finding('corp.later', 'warning', 'something new', '', 'do that'))).toMatchObject({ title: 'corp.later', text: 'something new', fix: 'do that' })
  })
  it('has words for every check', () => {
    for (const code of ['corp.app', 'corp.token', 'corp.network', 'corp.clock', 'corp.contacts_secret', 'corp.customer_contact', 'corp.callback', 'corp.callback.app', 'corp.domain.url', 'corp.domain.file', 'corp.members', 'corp.toolbar', 'corp.sync', 'corp.archive.sdk', 'corp.archive.secret', 'corp.archive.keys']) {
      expect(zh.about, code).toHaveProperty(subject(code))
      expect(zh.found, code).toHaveProperty(subject(code))
      expect(zh.fix, code).toHaveProperty(subject(code))
    }
  })
})

describe('callback address', () => {
  it('is the one the server names', () => {
    const found = [finding('corp.callback.app', 'ok', 'token and EncodingAESKey are usable; URL to paste in the console: https://crm.example.com/callback/wecom/ww1/app')]
    expect(callback_url('/callback/wecom/ww1/app', found)).toBe('https://crm.example.com/callback/wecom/ww1/app')
    expect(callback_url('/callback/wecom/ww1/kf', found)).toBe(`${location.origin}/callback/wecom/ww1/kf`)
  })
  it('is this page where the server does not know its own', () => {
    const found = [finding('corp.callback.app', 'ok', 'usable; URL: https://HOST/callback/wecom/ww1/app (server.public_url names HOST)')]
    expect(callback_url('/callback/wecom/ww1/app', found)).toBe(`${location.origin}/callback/wecom/ww1/app`)
  })
  it('knows what WeCom cannot call', () => {
    expect(['https://crm.example.com/x', 'https://1crm.example.com/x'].every(is_outside)).toBe(true)
    expect(['http://crm.example.com/x', 'https://10.0.0.5/x', 'https://10.0.0.5:8443/x', 'https://localhost/x', 'https://[::1]/x'].some(is_outside)).toBe(false)
  })
})
