import { computed, reactive, readonly } from 'vue'
import { Problem, call, door } from './client'

export type Role = 'admin' | 'manager' | 'sales' | 'marketing' | 'service' | 'compliance' | 'readonly'

/** GET me. A Bearer token has no role, user or session: what it may is `access`. */
export interface Me {
  actor: string
  corps: { id: string; corp_id: string; name: string }[]
  access?: 'read' | 'write' | 'admin' | null
  role?: Role | null
  permissions?: string[]
  csrf_token?: string | null
  user?: {
    id: string
    name: string
    scope: 'self' | 'team' | 'department' | 'subtree' | 'all'
    member: { id: string; userid: string; name: string } | null
    password: boolean
    totp: boolean
  } | null
  session?: { id: string; via: string; ip: string; agent: string; created: string; last_seen: string; ends: string } | null
}

/** GET auth/methods */
export interface Methods {
  local: boolean
  /** Nobody administers yet: the first-start page makes somebody. */
  first_start: boolean
  inside_wecom: boolean
  /** The corps that can sign people in; `start` leads to WeCom and back to the login page. */
  wecom: { corp: string; name: string; start: string }[]
}

interface State {
  me: Me | null
  phase: 'unknown' | 'out' | 'in' | 'expired'
  corp: string
}

const state = reactive<State>({ me: null, phase: 'unknown', corp: '' })
let waiting: ((again: boolean) => void)[] = []

export const session = readonly(state)

function settle(again: boolean): void {
  for (const done of waiting) done(again)
  waiting = []
}

export function take_me(me: Me): void {
  state.me = me
  state.phase = 'in'
  door.csrf_token = me.csrf_token ?? door.csrf_token
  const kept = localStorage.getItem('lb.corp') ?? ''
  state.corp = me.corps.some((corp) => corp.id === kept) ? kept : (me.corps[0]?.id ?? '')
  door.corp = me.corps.length > 1 ? state.corp : ''
  settle(true)
}

export function choose_corp(id: string): void {
  localStorage.setItem('lb.corp', id)
  state.corp = id
  door.corp = id
}

/** True when somebody is signed in. Throws Problem when the server cannot be reached. */
export async function load_me(): Promise<boolean> {
  const kept = door.sign_in_again
  door.sign_in_again = null
  try {
    take_me(await call<Me>('GET', 'me'))
    return true
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error
    state.phase = 'out'
    return false
  } finally {
    door.sign_in_again = kept ?? ask_again
  }
}

function ask_again(): Promise<boolean> {
  state.phase = 'expired'
  return new Promise((resolve) => waiting.push(resolve))
}

export async function sign_in(input: { name: string; password: string; totp?: string }): Promise<void> {
  take_me(await call<Me>('POST', 'auth/local', { body: input }))
}

/** Back from WeCom: what it put into the address of the login page. */
export async function sign_in_wecom(input: { code: string; state: string }): Promise<void> {
  take_me(await call<Me>('POST', 'auth/wecom', { body: input }))
}

export async function sign_in_first(input: { code: string; name: string; password: string }): Promise<void> {
  take_me(await call<Me>('POST', 'auth/first', { body: input }))
}

export function methods(): Promise<Methods> {
  return call<Methods>('GET', 'auth/methods')
}

export async function sign_out(): Promise<void> {
  try {
    await call('POST', 'auth/logout')
  } finally {
    state.me = null
    state.phase = 'out'
    door.csrf_token = ''
    settle(false)
  }
}

/** Gives up waiting for a new sign-in: what was asked fails with 401. */
export function leave(): void {
  state.phase = 'out'
  settle(false)
}

/** Whether this person may: hides what the server would refuse anyway. For a token (no role) the server alone judges. */
export function can(permission: string | undefined): boolean {
  const me = state.me
  return !permission || !me?.role || (me.permissions ?? []).includes(permission)
}

export const signed_in = computed(() => state.phase === 'in' || state.phase === 'expired')
