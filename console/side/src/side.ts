import { reactive } from 'vue'
import { Problem, as_problem } from '@lib/api/problem'
import type { Api, Card, Group } from './api'
import type { Bridge, Chat, Signature } from './bridge/bridge'
import { BridgeFault } from './bridge/bridge'
import { demo_card } from './demo'
import { type Trouble, trouble_of } from './trouble'

/** What the page shows. */
export type View =
  | { kind: 'loading' }
  | { kind: 'outside' }
  | { kind: 'trouble'; trouble: Trouble }
  | { kind: 'refused'; problem: Problem } // signed in, or trying to, but nobody who may be here
  | { kind: 'elsewhere'; entry: string } // WeCom opened the page where there is no chat with a contact
  | { kind: 'syncing' }
  | { kind: 'not_following'; owner: string }
  | { kind: 'not_in_group' }
  | { kind: 'card'; card: Card; demo?: boolean }
  | { kind: 'group'; group: Group }
  | { kind: 'error'; problem: Problem }

export interface Place {
  /** The address without what follows #. */
  url(): string
  query(name: string): string
  hash(): string
  /** Opens the page anew, without code and state and with a mark that somebody just signed in: WeCom on iOS signs the first address. */
  return_signed_in(): void
  /** Somebody is signed in: the mark is taken off again. */
  settle(): void
}

export interface Parts {
  bridge: Bridge
  api: Api
  place: Place
  now: () => number
  sleep: (ms: number) => Promise<void>
}

/** After a 404 the gateway has the contact fetched: how long to wait before each next question. */
const sync_waits = [1500, 2500, 4000, 7000, 12_000, 20_000, 30_000, 30_000]
const signed_in = '#in'
const sign_in_first = ['token_missing', 'session_ended', 'member_missing', 'corp_unknown']
const not_let_in = ['not_a_member', 'member_left', 'no_role', 'user_disabled', 'member_missing', 'permission_missing']

export function make_side(parts: Parts) {
  const { bridge, api, place } = parts
  const state = reactive({
    view: { kind: 'loading' } as View,
    /** The last refresh failed: what is shown is as old as `at`. */
    stale: null as Problem | null,
    at: 0,
    busy: false,
  })
  let chat: Chat | null = null
  let clock_skew_ms = 0
  let run = 0

  const show = (view: View) => {
    state.view = view
    state.stale = null
    state.at = parts.now()
  }

  async function sign(url: string): Promise<Signature> {
    const signature = await api.signature(url)
    place.settle()
    clock_skew_ms = signature.config.timestamp * 1000 - parts.now()
    return signature
  }

  /** True: the page is on its way to WeCom's sign-in and back. */
  async function signing_in(problem: Problem): Promise<boolean> {
    if (!sign_in_first.includes(problem.code) || place.hash() === signed_in) return false
    await api.leave_to_sign_in()
    return true
  }

  async function back_from_sign_in(): Promise<boolean> {
    const code = place.query('code')
    const its_state = place.query('state')
    if (!code || !its_state) return false
    try {
      await api.sign_in(code, its_state)
    } catch (error) {
      const problem = as_problem(error)
      if (problem.code !== 'bad_state' && problem.code !== 'bad_wecom_code') throw problem
      // An old address from the history: begin again.
      await api.leave_to_sign_in()
      return true
    }
    place.return_signed_in()
    return true
  }

  async function fetch_view(of: Chat): Promise<View> {
    if (of.external_userid) return { kind: 'card', card: await api.card(of.external_userid) }
    if (of.chat_id) return { kind: 'group', group: await api.group(of.chat_id) }
    return { kind: 'elsewhere', entry: of.entry }
  }

  async function refused(problem: Problem): Promise<View | 'leaving'> {
    if (problem.code === 'not_following') return { kind: 'not_following', owner: String(problem.body.owner ?? '') }
    if (problem.code === 'not_in_group') return { kind: 'not_in_group' }
    if (await signing_in(problem)) return 'leaving'
    if (not_let_in.includes(problem.code)) return { kind: 'refused', problem }
    // No signature: the gateway says what WeCom said. Its own failures are errors like any other.
    if (problem.where.endsWith('/side/signature') && problem.status >= 400 && problem.status !== 500 && problem.status !== 503) {
      return { kind: 'trouble', trouble: trouble_of(problem, bridge.client, clock_skew_ms) }
    }
    return { kind: 'error', problem }
  }

  /** Asks for the chat's card, and while it is unknown or just being added, again. */
  async function load(mine: number): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      if (!chat || mine !== run) return
      try {
        const view = await fetch_view(chat)
        if (mine === run) show(view)
        return
      } catch (error) {
        if (mine !== run) return
        const problem = as_problem(error)
        const unknown = problem.code === 'contact_unknown' || problem.code === 'group_unknown'
        const just_added = problem.code === 'not_following' && tries < 2
        if (!unknown && !just_added) throw problem
        if (unknown && state.view.kind !== 'syncing') show({ kind: 'syncing' })
        if (!unknown && state.view.kind !== 'not_following') show((await refused(problem)) as View)
        const wait = sync_waits[tries]
        if (wait === undefined) return
        await parts.sleep(wait)
      }
    }
  }

  async function work(mine: number): Promise<void> {
    try {
      if (await back_from_sign_in()) return
      if (!bridge.inside) {
        show({ kind: 'outside' })
        return
      }
      chat = chat ?? (await bridge.open(sign))
      await load(mine)
    } catch (error) {
      if (mine !== run) return
      await fail(error, mine)
    }
  }

  async function fail(error: unknown, mine: number): Promise<void> {
    if (error instanceof BridgeFault) {
      show({ kind: 'trouble', trouble: trouble_of(error, bridge.client, clock_skew_ms) })
      return
    }
    const problem = as_problem(error)
    let view: View | 'leaving'
    try {
      view = await refused(problem)
    } catch (sign_in_failed) {
      view = { kind: 'refused', problem: as_problem(sign_in_failed) }
    }
    if (view === 'leaving' || mine !== run) return
    const shown = state.view.kind
    if (view.kind === 'error' && (shown === 'card' || shown === 'group')) state.stale = problem
    else show(view)
  }

  /** From the start, or again; what is shown stays until there is something new. */
  async function start(): Promise<void> {
    run += 1
    const mine = run
    state.busy = true
    if (state.view.kind !== 'card' && state.view.kind !== 'group') state.view = { kind: 'loading' }
    await work(mine)
    if (mine === run) state.busy = false
  }

  function demo(): void {
    run += 1
    show({ kind: 'card', card: demo_card(parts.now()), demo: true })
  }

  /** Throws Problem. */
  async function add_note(text: string): Promise<void> {
    if (state.view.kind !== 'card') return
    await api.add_note(state.view.card.contact.id, text)
    await start()
  }

  return { state, start, demo, add_note }
}

export type Side = ReturnType<typeof make_side>
