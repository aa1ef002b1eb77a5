import { describe, expect, it } from 'vitest'
import { Problem } from '@lib/api/problem'
import { BridgeFault } from './bridge/bridge'
import { causes, diagnosis, too_old, trouble_of } from './trouble'

const likely = (error: BridgeFault | Problem, client = '4.1.30', skew = 0) => trouble_of(error, client, skew).causes[0]

describe('the likeliest cause', () => {
  it('is told by the code', () => {
    expect(likely(new BridgeFault('agentConfig', 80001, 'x'))).toBe('domain')
    expect(likely(new BridgeFault('agentConfig', 40093, 'x'))).toBe('url')
    expect(likely(new BridgeFault('agentConfig', 60011, 'x'))).toBe('range')
    expect(likely(new BridgeFault('agentConfig', 301002, 'x'))).toBe('app')
  })
  it('else by the words of the client', () => {
    expect(likely(new BridgeFault('agentConfig', 0, 'agentConfig:not match any reliable domain.'))).toBe('domain')
    expect(likely(new BridgeFault('getCurExternalContact', 0, 'getCurExternalContact:no permission'))).toBe('contact')
    expect(likely(new BridgeFault('getContext', 0, 'getContext:function not exist'))).toBe('client')
    expect(likely(new BridgeFault('getContext', 0, 'getContext:no answer in 8000 ms'))).toBe('client')
  })
  it('is the client when it is older than getContext', () => {
    expect(too_old('3.0.23')).toBe(true)
    expect(too_old('3.0.24')).toBe(false)
    expect(too_old('2.8.20')).toBe(true)
    expect(too_old('3.1')).toBe(false)
    expect(likely(new BridgeFault('agentConfig', 80001, 'x'), '2.8.10')).toBe('client')
  })
  it('is the clock when it is far off', () => {
    expect(likely(new BridgeFault('agentConfig', 40093, 'x'), '4.1.30', -400_000)).toBe('clock')
    expect(likely(new BridgeFault('agentConfig', 40093, 'x'), '4.1.30', 200_000)).toBe('url')
  })
  it('comes from the gateway when WeCom gave it no ticket', () => {
    const said = (detail: string, code = 'wecom_refused') => new Problem({ status: 502, code, detail }, 'GET /api/v1/side/signature')
    expect(likely(said('ticket/get: app and agent do not fit (errcode 301002, hint)'))).toBe('app')
    expect(likely(said('gettoken: address not trusted (errcode 60020, hint)'))).toBe('network')
    expect(likely(said('gettoken: not reached', 'network'))).toBe('network')
    expect(likely(new Problem({ status: 409, code: 'app_missing' }, 'x'))).toBe('app')
  })
  it('comes first, and every cause is listed once', () => {
    const { causes: listed } = trouble_of(new BridgeFault('agentConfig', 80001, 'x'), '4.1.30', 0)
    expect([...listed].sort()).toEqual([...causes].sort())
  })
})

describe('the diagnosis', () => {
  it('names step, code, client and clock', () => {
    const trouble = trouble_of(new BridgeFault('agentConfig', 80001, 'agentConfig:fail'), '4.1.30', 61_000)
    const text = diagnosis(trouble, '4.1.30', 'https://crm.example.com/side/', '2026-11-22T12:00:00Z')
    for (const part of ['step: agentConfig', 'code: 80001', 'client: 4.1.30', 'clock: 61 s', 'likely: domain', 'url: https://crm.example.com/side/']) expect(text).toContain(part)
  })
})
