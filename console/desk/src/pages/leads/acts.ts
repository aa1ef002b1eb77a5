import { ref } from 'vue'
import { api, as_problem, data, etag_of } from '@lib/api/client'
import { can, session } from '@lib/api/session'
import { t } from '@lib/i18n'
import { refresh } from '@lib/query'
import { confirm } from '@/ui/confirm'
import { toast_problem } from '@/ui/problem_text'
import { toast } from '@/ui/toast'
import { read_lead, type Lead, type Status } from './api'

/** What can be done to a lead. Each is read first and written with If-Match, so that nobody overwrites what he has not seen. */
export type Act = 'claim' | 'assign' | 'return' | 'stage' | 'convert' | 'invalidate'
export type Input = { owner?: string; reason?: string; stage?: string }
/** What the dialog needs besides the lead. */
export const asks: Partial<Record<Act, keyof Input>> = { assign: 'owner', return: 'reason', invalidate: 'reason', stage: 'stage' }

const is_member = () => !!session.me?.user?.member
const open_status = (status: Status) => status === 'new' || status === 'following'

export function acts_of(lead: Lead): Act[] {
  const writer = can('leads.write')
  const free = lead.status === 'unassigned'
  const ours = open_status(lead.status)
  const all: [Act, boolean][] = [
    ['claim', writer && free && is_member()],
    ['assign', can('leads.assign') && (free || ours)],
    ['stage', writer && ours],
    ['convert', writer && ours],
    ['return', writer && ours],
    ['invalidate', writer && (free || ours)],
  ]
  return all.filter(([, allowed]) => allowed).map(([act]) => act)
}

/** The act that moves a card from its column to another; null: there is none. */
export function act_between(lead: Lead, to: Status): Act | null {
  const may = acts_of(lead)
  const wanted: Act[] =
    lead.status === to
      ? []
      : to === 'new'
        ? lead.status === 'unassigned'
          ? ['claim', 'assign']
          : []
        : to === 'following'
          ? ['stage']
          : to === 'converted'
            ? ['convert']
            : to === 'invalid'
              ? ['invalidate']
              : ['return']
  return wanted.find((act) => may.includes(act)) ?? null
}

function send(id: string, act: Act, input: Input): Promise<Lead> {
  const params = { path: { id }, header: { 'If-Match': etag_of(`/api/v1/leads/${id}`) } }
  switch (act) {
    case 'claim':
      return data(api.POST('/api/v1/leads/{id}/claim', { params }))
    case 'assign':
      return data(api.POST('/api/v1/leads/{id}/assign', { params, body: { owner: input.owner ?? '' } }))
    case 'return':
      return data(api.POST('/api/v1/leads/{id}/return', { params, body: { reason: input.reason ?? '' } }))
    case 'stage':
      return data(api.PATCH('/api/v1/leads/{id}', { params, body: { stage: input.stage ?? '' } }))
    case 'convert':
      return data(api.POST('/api/v1/leads/{id}/convert', { params }))
    case 'invalidate':
      return data(api.POST('/api/v1/leads/{id}/invalidate', { params, body: { reason: input.reason ?? '' } }))
  }
}

function again(lead: Lead): void {
  void refresh('leads')
  void refresh('home')
  void refresh('contacts', lead.contact)
}

/** The steps back from an act; [] when it cannot come back. */
function steps_back(act: Act, was: Lead): [Act, Input][] {
  const owner = was.owner ?? ''
  const stage: [Act, Input][] = was.stage ? [['stage', { stage: was.stage }]] : []
  if (act === 'claim') return [['return', { reason: t('leads.undone') }]]
  if (act === 'assign') return was.status === 'unassigned' ? [['return', { reason: t('leads.undone') }]] : owner ? [['assign', { owner }]] : []
  if (act === 'return') return can('leads.assign') && owner ? [['assign', { owner }], ...stage] : []
  if (act === 'stage') return stage
  return []
}

async function step_back(steps: [Act, Input][], lead: Lead): Promise<void> {
  try {
    for (const [act, input] of steps) {
      await read_lead(lead.id)
      await send(lead.id, act, input)
    }
  } catch (error) {
    toast_problem(error)
  } finally {
    again(lead)
  }
}

/** Somebody was first: says who holds the lead now. */
async function tell_first(id: string, member: (id: string | null) => string, error: unknown): Promise<void> {
  const code = as_problem(error).status
  if (code !== 409 && code !== 412) return toast_problem(error)
  try {
    const now = await read_lead(id)
    toast(t('leads.was_first', { status: t(`leads.status.${now.status}`), owner: member(now.owner) || t('leads.nobody') }), { kind: 'bad' })
  } catch {
    toast_problem(error)
  }
}

/** Moves under way: the board shows a card in its new column at once and takes it back when `run` says false. */
export function use_acts(member: (id: string | null) => string, shown: { before?: (lead: Lead, act: Act, input: Input) => () => void } = {}) {
  const asked = ref<{ lead: Lead; act: Act; done: (input: Input | null) => void } | null>(null)

  async function input_of(lead: Lead, act: Act): Promise<Input | null> {
    if (asks[act]) {
      asked.value?.done(null)
      return new Promise((resolve) => {
        asked.value = {
          lead,
          act,
          done(input) {
            asked.value = null
            resolve(input)
          },
        }
      })
    }
    if (act === 'convert') {
      const sure = await confirm({ title: t('leads.sure_convert', { name: lead.contact_name || t('state.no_name') }), text: t('leads.sure_convert_why'), verb: t('leads.act.convert') })
      return sure ? {} : null
    }
    return {}
  }

  /** Asks what is missing, writes, says so with a way back. False: nothing was changed. */
  async function start(lead: Lead, act: Act): Promise<boolean> {
    const input = await input_of(lead, act)
    if (!input) return false
    const roll_back = shown.before?.(lead, act, input)
    try {
      const was = await read_lead(lead.id)
      if (was.status !== lead.status || was.owner !== lead.owner) {
        roll_back?.()
        toast(t('leads.was_first', { status: t(`leads.status.${was.status}`), owner: member(was.owner) || t('leads.nobody') }), { kind: 'bad' })
        again(lead)
        return false
      }
      await send(lead.id, act, input)
      const steps = steps_back(act, was)
      toast(t(`leads.did.${act}`, { name: lead.contact_name || t('state.no_name') }), steps.length ? { undo: () => void step_back(steps, lead) } : {})
      again(lead)
      return true
    } catch (error) {
      roll_back?.()
      await tell_first(lead.id, member, error)
      again(lead)
      return false
    }
  }
  return { asked, start }
}

export type Acts = ReturnType<typeof use_acts>
