/** What the page needs of WeCom's client. `wecom.ts` is the real one; tests and the demo have their own. */
export interface Bridge {
  /** The page runs inside WeCom. */
  inside: boolean
  /** The client's version, for the diagnosis; '' outside. */
  client: string
  /** Whom the chat is with. Throws BridgeFault, or whatever `sign` throws. */
  open(sign: Sign): Promise<Chat>
}

export interface Chat {
  /** As getContext says: single_chat_tools, group_chat_tools, contact_profile, normal, ... */
  entry: string
  external_userid?: string
  chat_id?: string
}

export interface Signed {
  timestamp: number
  nonce: string
  signature: string
}

export interface Signature {
  corp_id: string
  agent_id: number
  url: string
  config: Signed
  agent: Signed
}

/** The signatures for an address of this page. */
export type Sign = (url: string) => Promise<Signature>

/** The client said no, or nothing. */
export class BridgeFault extends Error {
  /** agentConfig, getContext, ... */
  readonly step: string
  /** WeCom's errcode; 0 when it gave none. */
  readonly code: number

  constructor(step: string, code: number, message: string) {
    super(message)
    this.step = step
    this.code = code
  }
}
