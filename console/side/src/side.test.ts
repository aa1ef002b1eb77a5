import { describe, expect, it } from 'vitest'
import { Problem } from '@lib/api/problem'
import type { Api, Group } from './api'
import { type Bridge, BridgeFault, type Chat, type Signature } from './bridge/bridge'
import { demo_card } from './demo'
import { make_side } from './side'

const now = Date.parse('2026-11-22T12:00:00Z')
const refusal = (status: number, code: string, more: object = {}, where = 'GET /api/v1/side/contact') => new Problem({ status, code, ...more }, where)
const group: Group = { name: '装修群', owner_name: '', created: null, colleagues: 1, contacts: [] }

/** A page in a client that says `chat`, before a gateway that answers what it is given, in order; the last answer stays. */
function scene(options: { chat?: Chat | Error; outside?: boolean; cards?: (Problem | 'card')[]; sign?: Problem; hash?: string; query?: Record<string, string>; sign_in?: Problem; start?: Problem }) {
  const log: string[] = []
  let asked = 0
  let hash = options.hash ?? ''
  let time = now
  const signature: Signature = {
    corp_id: 'wwcorp', agent_id: 1000002, url: 'https://crm.example.com/side/',
    config: { timestamp: now / 1000, nonce: 'n', signature: 's' }, agent: { timestamp: now / 1000, nonce: 'n', signature: 's' },
  }
  const api: Api = {
    async signature(url) {
      log.push(`signature ${url}`)
      if (options.sign) throw options.sign
      return signature
    },
    async card(id) {
      log.push(`card ${id}`)
      const answers = options.cards ?? ['card']
      const answer = answers[Math.min(asked++, answers.length - 1)]
      if (answer instanceof Problem) throw answer
      return demo_card(now)
    },
    async group(id) {
      log.push(`group ${id}`)
      return group
    },
    async add_note(contact, text) {
      log.push(`note ${contact} ${text}`)
    },
    async sign_in(code, state) {
      log.push(`sign_in ${code} ${state}`)
      if (options.sign_in) throw options.sign_in
    },
    async leave_to_sign_in() {
      log.push('leave')
      if (options.start) throw options.start
    },
  }
  const bridge: Bridge = {
    inside: !options.outside,
    client: options.outside ? '' : '4.1.30',
    async open(sign) {
      log.push('open')
      await sign('https://crm.example.com/side/')
      const chat = options.chat ?? { entry: 'single_chat_tools', external_userid: 'wm_li' }
      if (chat instanceof Error) throw chat
      return chat
    },
  }
  const side = make_side({
    bridge,
    api,
    place: {
      url: () => 'https://crm.example.com/side/',
      query: (name) => options.query?.[name] ?? '',
      hash: () => hash,
      return_signed_in: () => log.push('return'),
      settle: () => (hash = ''),
    },
    now: () => time,
    sleep: async (ms) => {
      time += ms
      log.push(`wait ${ms}`)
    },
  })
  return { side, log, state: side.state, answers: options, advance: (ms: number) => (time += ms) }
}

describe('the page of the toolbar', () => {
  it('shows the card of whom the chat is with', async () => {
    const { side, log, state } = scene({})
    await side.start()
    expect(state.view.kind).toBe('card')
    expect(log).toEqual(['open', 'signature https://crm.example.com/side/', 'card wm_li'])
    await side.start() // refreshed: the client is not asked again
    expect(log.slice(3)).toEqual(['card wm_li'])
  })
  it('shows a group, and says where there is no contact', async () => {
    const one = scene({ chat: { entry: 'group_chat_tools', chat_id: 'wr_1' } })
    await one.side.start()
    expect(one.state.view).toEqual({ kind: 'group', group })
    const none = scene({ chat: { entry: 'normal' } })
    await none.side.start()
    expect(none.state.view).toEqual({ kind: 'elsewhere', entry: 'normal' })
  })
  it('outside WeCom asks nobody anything, and has a sample', async () => {
    const { side, log, state } = scene({ outside: true })
    await side.start()
    expect(state.view.kind).toBe('outside')
    side.demo()
    expect(state.view).toMatchObject({ kind: 'card', demo: true })
    expect(log).toEqual([])
  })
  it('fills in a contact that is being fetched', async () => {
    const unknown = refusal(404, 'contact_unknown')
    const { side, log, state } = scene({ cards: [unknown, unknown, unknown, 'card'] })
    const seen: string[] = []
    const done = side.start()
    seen.push(state.view.kind)
    await done
    expect(state.view.kind).toBe('card')
    expect(log.filter((line) => line.startsWith('wait'))).toEqual(['wait 1500', 'wait 2500', 'wait 4000'])
  })
  it('stops asking for one that stays unknown, and can be pressed again', async () => {
    const { side, log, state } = scene({ cards: [refusal(404, 'contact_unknown')] })
    await side.start()
    expect(state.view.kind).toBe('syncing')
    expect(state.busy).toBe(false)
    expect(log.filter((line) => line.startsWith('card'))).toHaveLength(9)
  })
  it('asks twice more when nobody follows yet, then names whom to ask', async () => {
    const { side, log, state } = scene({ cards: [refusal(403, 'not_following', { owner: '示例成员1' })] })
    await side.start()
    expect(state.view).toEqual({ kind: 'not_following', owner: '示例成员1' })
    expect(log.filter((line) => line.startsWith('card'))).toHaveLength(3)
    const just_added = scene({ cards: [refusal(403, 'not_following', { owner: '' }), 'card'] })
    await just_added.side.start()
    expect(just_added.state.view.kind).toBe('card')
  })
  it('keeps the card when a refresh fails, and says how old it is', async () => {
    const { side, state, answers } = scene({ cards: ['card', refusal(0, 'offline'), 'card'] })
    expect(answers).toBeDefined()
    await side.start()
    await side.start()
    expect(state.view.kind).toBe('card')
    expect(state.stale?.code).toBe('offline')
    await side.start()
    expect(state.stale).toBeNull()
  })
  it('says when the network or the server is away', async () => {
    for (const problem of [refusal(0, 'offline'), refusal(500, 'internal'), refusal(503, 'store_unavailable')]) {
      const { side, state } = scene({ cards: [problem] })
      await side.start()
      expect(state.view).toEqual({ kind: 'error', problem })
    }
  })
})

describe('signing in', () => {
  it('goes to WeCom once, and not again right after', async () => {
    for (const code of ['token_missing', 'session_ended', 'corp_unknown']) {
      const out = refusal(401, code, {}, 'GET /api/v1/side/signature')
      const first = scene({ sign: out })
      await first.side.start()
      expect(first.log.slice(-1)).toEqual(['leave'])
      expect(first.state.view.kind).toBe('loading')
      const again = scene({ sign: out, hash: '#in' }) // cookies are blocked
      await again.side.start()
      expect(again.log).not.toContain('leave')
      expect(['error', 'trouble']).toContain(again.state.view.kind)
    }
  })
  it('takes what WeCom brought back and opens the page anew', async () => {
    const { side, log } = scene({ query: { code: 'c', state: 's' } })
    await side.start()
    expect(log).toEqual(['sign_in c s', 'return'])
  })
  it('begins again when what came back is old', async () => {
    const { side, log } = scene({ query: { code: 'c', state: 's' }, sign_in: refusal(403, 'bad_state') })
    await side.start()
    expect(log).toEqual(['sign_in c s', 'leave'])
  })
  it('says why somebody may not come in', async () => {
    for (const code of ['no_role', 'not_a_member', 'member_left', 'user_disabled']) {
      const { side, state } = scene({ query: { code: 'c', state: 's' }, sign_in: refusal(403, code) })
      await side.start()
      expect(state.view).toMatchObject({ kind: 'refused', problem: { code } })
    }
    const no_app = scene({ sign: refusal(401, 'token_missing'), start: refusal(404, 'corp_unknown') })
    await no_app.side.start()
    expect(no_app.state.view.kind).toBe('refused')
  })
  it('signs a local user in as the member', async () => {
    const { side, log, state } = scene({ cards: [refusal(403, 'member_missing')] })
    await side.start()
    expect(log.slice(-1)).toEqual(['leave'])
    expect(state.view.kind).toBe('loading')
  })
})

describe('trouble', () => {
  it('shows what the client refused', async () => {
    const { side, state } = scene({ chat: new BridgeFault('agentConfig', 80001, 'agentConfig:fail') })
    await side.start()
    expect(state.view).toMatchObject({ kind: 'trouble', trouble: { causes: expect.arrayContaining(['domain']), code: 80001 } })
  })
  it('shows why there is no signature', async () => {
    const { side, state } = scene({ sign: refusal(422, 'foreign_url', {}, 'GET /api/v1/side/signature') })
    await side.start()
    expect(state.view).toMatchObject({ kind: 'trouble', trouble: { causes: expect.arrayContaining(['url']) } })
    expect(state.view.kind === 'trouble' && state.view.trouble.causes[0]).toBe('url')
  })
})

describe('notes', () => {
  it('are saved for the contact on show, which is read again', async () => {
    const { side, log } = scene({})
    await side.start()
    await side.add_note('要两套')
    expect(log.slice(-2)).toEqual(['note 1 要两套', 'card wm_li'])
  })
})
