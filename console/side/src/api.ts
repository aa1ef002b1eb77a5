import { Problem, problem_of } from '@lib/api/problem'
import type { components } from '@lib/api/schema'
import type { Signature } from './bridge/bridge'

export type Card = components['schemas']['SideContact']
export type Group = components['schemas']['SideGroup']

/** What the page asks the gateway. Refusals and lost connections are thrown as Problem. */
export interface Api {
  signature(url: string): Promise<Signature>
  card(external_userid: string): Promise<Card>
  group(chat_id: string): Promise<Group>
  add_note(contact: string, text: string): Promise<void>
  /** Takes what WeCom's sign-in brought back. */
  sign_in(code: string, state: string): Promise<void>
  /** Goes to WeCom's sign-in. Throws Problem when there is none for this corp. */
  leave_to_sign_in(): Promise<void>
}

async function ask(method: string, path: string, query: Record<string, string>, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const words = Object.keys(query)
    .filter((name) => query[name])
    .map((name) => `${name}=${encodeURIComponent(query[name] as string)}`)
  const where = `${method} /api/v1/${path}`
  const options: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json', ...headers } }
  if (body !== undefined) {
    options.body = JSON.stringify(body)
    options.headers = { ...options.headers, 'Content-Type': 'application/json' }
  }
  if (path === 'auth/wecom/start') options.redirect = 'manual'
  let response: Response
  try {
    response = await fetch(`/api/v1/${path}${words.length ? `?${words.join('&')}` : ''}`, options)
  } catch (error) {
    throw new Problem({ status: 0, code: 'offline', detail: String(error) }, where)
  }
  if (!response.ok && response.type !== 'opaqueredirect') throw await problem_of(response, where)
  return response
}

function key(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => `0${byte.toString(16)}`.slice(-2)).join('')
}

/** `corp` as the page's address names it, '' where there is one corp. */
export function gateway(corp: string): Api {
  const get = async <T>(path: string, query: Record<string, string>): Promise<T> => (await ask('GET', path, { ...query, corp })).json() as Promise<T>
  return {
    signature: (url) => get<Signature>('side/signature', { url }),
    card: (external_userid) => get<Card>('side/contact', { external_userid }),
    group: (chat_id) => get<Group>('side/group', { chat_id }),
    async add_note(contact, text) {
      const me = await get<{ csrf_token?: string | null }>('me', {})
      await ask('POST', `contacts/${contact}/notes`, { corp }, { text }, { 'X-CSRF-Token': me.csrf_token ?? '', 'Idempotency-Key': key() })
    },
    async sign_in(code, state) {
      await ask('POST', 'auth/wecom', {}, { code, state })
    },
    async leave_to_sign_in() {
      const query = { page: 'side', way: 'app', corp }
      await ask('GET', 'auth/wecom/start', query) // its refusal is shown here, never as raw JSON
      location.assign(`/api/v1/auth/wecom/start?page=side&way=app${corp ? `&corp=${encodeURIComponent(corp)}` : ''}`)
    },
  }
}
