import { getContext, getCurExternalChat, getCurExternalContact, register } from '@wecom/jssdk'
import { type Bridge, BridgeFault, type Chat, type Sign, type Signed } from './bridge'

const version = /wxwork\/([\d.]+)/i.exec(navigator.userAgent)?.[1] ?? ''

// Entries in which somebody outside is on the other side (pages 91789, 98419).
const with_contact = ['single_chat_tools', 'contact_profile', 'single_kf_tools', 'chat_attachment']
const with_group = ['group_chat_tools', 'chat_attachment']

/** The SDK rejects with {errMsg: 'agentConfig:fail ...', errCode}; the code may only stand in a link of the message. */
export function fault_of(error: unknown, step: string): unknown {
  if (!error || typeof error !== 'object' || !('errMsg' in error)) return error
  const { errMsg, errCode } = error as { errMsg?: unknown; errCode?: unknown }
  const text = String(errMsg)
  const named = Number(/[?&]e=(\d+)/.exec(text)?.[1] ?? 0)
  const code = typeof errCode === 'number' && errCode > 0 ? errCode : named
  const colon = text.indexOf(':')
  return new BridgeFault(colon > 0 ? text.slice(0, colon) : step, code, text)
}

/** The client answers in milliseconds, or, when it does not know the call or never injected its bridge, not at all. */
async function answered<T>(step: string, call: Promise<T>, wait_ms: number): Promise<T> {
  let timer = 0
  const silence = new Promise<never>((_, refuse) => {
    timer = window.setTimeout(() => refuse(new BridgeFault(step, 0, `${step}:no answer in ${wait_ms} ms`)), wait_ms)
  })
  try {
    return await Promise.race([call, silence])
  } catch (error) {
    throw fault_of(error, step)
  } finally {
    clearTimeout(timer)
  }
}

const for_sdk = (signed: Signed) => ({ timestamp: signed.timestamp, nonceStr: signed.nonce, signature: signed.signature })

/** `own_url` is the address to sign first; the SDK names another when it must (iOS keeps the one it was opened with). */
export function wecom_bridge(own_url: () => string, wait_ms = 8000): Bridge {
  return {
    inside: version !== '',
    client: version,
    async open(sign: Sign): Promise<Chat> {
      const first = await sign(own_url())
      const again = async (url: string) => (url === first.url ? first : sign(url))
      register({
        corpId: first.corp_id,
        agentId: first.agent_id,
        jsApiList: ['getContext', 'getCurExternalContact', 'getCurExternalChat'],
        getConfigSignature: async (url) => for_sdk((await again(url)).config),
        // getCurExternalContact wants the app's identity (page 96918), of a company's own app too.
        getAgentConfigSignature: async (url) => for_sdk((await again(url)).agent),
      })
      const { entry } = await answered('getContext', getContext(), wait_ms)
      let refused: unknown
      if (with_contact.includes(entry)) {
        try {
          const { userId } = await answered('getCurExternalContact', getCurExternalContact(), wait_ms)
          if (userId) return { entry, external_userid: userId }
        } catch (error) {
          refused = error
        }
      }
      if (with_group.includes(entry)) {
        const { chatId } = await answered('getCurExternalChat', getCurExternalChat(), wait_ms)
        if (chatId) return { entry, chat_id: chatId }
      }
      if (refused) throw refused
      return { entry }
    },
  }
}
