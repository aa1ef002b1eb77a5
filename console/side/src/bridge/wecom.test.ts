import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Bridge, Sign, Signed } from './bridge'

// The real SDK over a client that is played at its lowest level, WeixinJSBridge.
type Answer = Record<string, unknown>
type Played = Record<string, Answer | null>

const agent = 'Mozilla/5.0 (Windows NT 10.0) wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh ColorScheme/Dark'
const signed = (text: string): Signed => ({ timestamp: 1760001000, nonce: `nonce-${text}`, signature: `sha-${text}` })
let asked: { name: string; given: Answer }[] = []
let sign: ReturnType<typeof vi.fn<Sign>>

async function client(played: Played, user_agent = agent, wait_ms = 20_000): Promise<Bridge> {
  vi.resetModules()
  asked = []
  Object.defineProperty(navigator, 'userAgent', { value: user_agent, configurable: true })
  Object.assign(window, {
    WeixinJSBridge: {
      on: () => undefined,
      invoke: (name: string, given: Answer, done: (answer: Answer) => void) => {
        asked.push({ name, given })
        const answer = name in played ? played[name] : { err_msg: `${name}:ok` }
        if (answer) setTimeout(() => done(answer), 0)
      },
    },
  })
  const { wecom_bridge } = await import('./wecom')
  return wecom_bridge(() => location.href.split('#')[0] as string, wait_ms)
}

vi.setConfig({ testTimeout: 60_000 }) // each client loads the SDK anew
beforeEach(() => {
  sign = vi.fn<Sign>(async (url) => ({ corp_id: 'wwcorp', agent_id: 1000002, url, config: signed('config'), agent: signed('agent') }))
})
afterEach(() => {
  Reflect.deleteProperty(window, 'WeixinJSBridge')
})

describe('the bridge to WeCom', () => {
  it('registers as the app and says whom the chat is with', async () => {
    const bridge = await client({ getContext: { err_msg: 'getContext:ok', entry: 'single_chat_tools' }, getCurExternalContact: { err_msg: 'getCurExternalContact:ok', userId: 'wm_li' } })
    expect(bridge).toMatchObject({ inside: true, client: '4.1.30' })
    expect(await bridge.open(sign)).toEqual({ entry: 'single_chat_tools', external_userid: 'wm_li' })
    const config = asked.find((call) => call.name === 'agentConfig')
    expect(config?.given).toMatchObject({ corpid: 'wwcorp', agentid: '1000002', timestamp: '1760001000', nonceStr: 'nonce-agent', signature: 'sha-agent' })
    expect(config?.given.jsApiList).toContain('getCurExternalContact')
    expect(sign).toHaveBeenCalledTimes(1) // one question to the gateway serves both
  })
  it('uses both signatures where the client is old', async () => {
    const bridge = await client({ getContext: { err_msg: 'getContext:ok', entry: 'normal' } }, agent.replace('4.1.30', '3.0.20'))
    await bridge.open(sign)
    expect(asked.find((call) => call.name === 'preVerifyJSAPI')?.given).toMatchObject({ verifyAppId: 'wwcorp', verifySignature: 'sha-config' })
    expect(asked.find((call) => call.name === 'agentConfig')?.given).toMatchObject({ signature: 'sha-agent' })
  })
  it('asks for the group in a group, and for nobody elsewhere', async () => {
    const group = await client({ getContext: { err_msg: 'getContext:ok', entry: 'group_chat_tools' }, getCurExternalChat: { err_msg: 'getCurExternalChat:ok', chatId: 'wr_1' } })
    expect(await group.open(sign)).toEqual({ entry: 'group_chat_tools', chat_id: 'wr_1' })
    const nobody = await client({ getContext: { err_msg: 'getContext:ok', entry: 'normal' } })
    expect(await nobody.open(sign)).toEqual({ entry: 'normal' })
    expect(asked.map((call) => call.name)).not.toContain('getCurExternalContact')
  })
  it('takes the group of a chat with an attachment when there is no single contact', async () => {
    const bridge = await client({
      getContext: { err_msg: 'getContext:ok', entry: 'chat_attachment' },
      getCurExternalContact: { err_msg: 'getCurExternalContact:fail without context of external contact' },
      getCurExternalChat: { err_msg: 'getCurExternalChat:ok', chatId: 'wr_1' },
    })
    expect(await bridge.open(sign)).toMatchObject({ chat_id: 'wr_1' })
  })
  it('tells what the client refused, with its code', async () => {
    const refused = await client({ agentConfig: { err_msg: 'agentConfig:invalid signature more info at https://open.work.weixin.qq.com/devtool/query?e=40093' } })
    await expect(refused.open(sign)).rejects.toMatchObject({ step: 'agentConfig', code: 40093 })
    const no_right = await client({ getContext: { err_msg: 'getContext:ok', entry: 'single_chat_tools' }, getCurExternalContact: { err_msg: 'getCurExternalContact:fail no permission', err_code: 60011 } })
    await expect(no_right.open(sign)).rejects.toMatchObject({ step: 'getCurExternalContact', code: 60011 })
  })
  it('does not wait for ever', async () => {
    const silent = await client({ getContext: null }, agent, 100)
    await expect(silent.open(sign)).rejects.toMatchObject({ step: 'getContext', code: 0, message: expect.stringContaining('no answer') })
  })
  it('knows that it is outside', async () => {
    const bridge = await client({}, 'Mozilla/5.0 Chrome/120')
    expect(bridge).toMatchObject({ inside: false, client: '' })
  })
  it("passes the gateway's refusal on as it is", async () => {
    const bridge = await client({})
    const refusal = new Error('refused')
    await expect(bridge.open(async () => Promise.reject(refusal))).rejects.toBe(refusal)
  })
})
