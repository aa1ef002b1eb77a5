import { api, data, type Schema } from '@lib/api/client'
import { can, session } from '@lib/api/session'
import { number, type Lang } from '@lib/format'
import { language, load_texts, t, te } from '@lib/i18n'
import { subscribe } from '@lib/live'
import { notify, type Notice } from '@/app/notices'

/**
 * What the bell tells, from the live channel: own operations and pushes that ended, leads for this person, deliveries that stopped, a
 * sync that failed. The channel names a row, so each is read before it is told; what this person may not read is never subscribed to.
 */
type Told = Omit<Notice, 'at' | 'read'>
const n = (value: number) => number(value, language() as Lang)

export function operation_notice(one: Schema<'Operation'>, me: string): Told | null {
  if (one.actor !== me || !(one.state === 'done' || one.state === 'undone' || one.state === 'cancelled')) return null
  const failed = one.state === 'undone' ? one.undo_failed : one.failed
  const text = t(`notices.operation.${one.state}`, { what: t(`notices.action.${one.action.kind}`), n: n(one.state === 'undone' ? one.undone : one.changed) })
  return { id: `operation:${one.id}`, kind: failed ? 'warn' : 'ok', text: failed ? t('notices.with_failures', { text, n: n(failed) }) : text, to: '/contacts' }
}

export function push_notice(one: Pick<Schema<'PushDetail'>, 'id' | 'name' | 'status'>): Told | null {
  if (one.status !== 'done' && one.status !== 'cancelled') return null
  return { id: `push:${one.id}`, kind: one.status === 'done' ? 'ok' : 'info', text: t(`notices.push.${one.status}`, { name: one.name }), to: `/pushes/${one.id}` }
}

/** A person who is this member's to look after: a lead was opened for or assigned to him. */
export function lead_notice(one: { id: string; name: string; owner: string | null }, member: string): Told | null {
  if (!member || one.owner !== member) return null
  return { id: `lead:${one.id}`, kind: 'info', text: t('notices.lead', { name: one.name || t('state.no_name') }), to: `/contacts/${one.id}` }
}

export function sync_notice(run: Schema<'Sync'>): Told | null {
  if (run.stage !== 'failed') return null
  return { id: `sync:${run.id}`, kind: 'bad', text: t('notices.sync_failed'), to: '/system' }
}

/** Deliveries that stopped, counted since the bell was looked at last. */
export function stopped_notice(kind: 'parked' | 'dead', count: number): Told {
  return { id: `inbox:${kind}`, kind: kind === 'dead' ? 'bad' : 'warn', text: t(`notices.inbox.${kind}`, { n: n(count) }), to: `/system?tab=inbox&state=${kind}` }
}

const tell = (notice: Told | null) => notice && notify(notice)

/** Reads one record a moment later, however often it is named until then; a refusal tells nothing. */
function reader<T>(read: (id: string) => Promise<T>, told: (one: T) => void): (id: string) => void {
  const waiting = new Set<string>()
  return (id) => {
    if (waiting.has(id) || waiting.size >= 20) return
    waiting.add(id)
    setTimeout(() => {
      waiting.delete(id)
      read(id).then(told, () => undefined)
    }, 600)
  }
}

function follow_stopped(): () => void {
  const counts = { parked: new Set<string>(), dead: new Set<string>() }
  return subscribe('inbox', (change) => {
    if (change.type !== 'parked' && change.type !== 'dead') return
    counts[change.type].add(change.id)
    tell(stopped_notice(change.type, counts[change.type].size))
  })
}

const loaders = import.meta.glob<{ default: Record<string, string> }>('./{zh,en}.json')

/** From signing in until the answer is called. */
export async function start_notices(): Promise<() => void> {
  await load_texts('notices', async (lang) => (await loaders[`./${lang}.json`]?.())?.default ?? {})
  const stops: (() => void)[] = []
  const me = session.me?.actor ?? ''
  const member = session.me?.user?.member?.id ?? ''
  if (can('bulk.run')) {
    const ask = reader((id) => data(api.GET('/api/v1/operations/{id}', { params: { path: { id } } })), (one) => te(`notices.action.${one.action.kind}`) && tell(operation_notice(one, me)))
    stops.push(subscribe('operations', (change) => (change.type === 'done' || change.type === 'undone' || change.type === 'cancelled') && ask(change.id)))
  }
  if (can('pushes.read')) {
    const ask = reader((id) => data(api.GET('/api/v1/pushes/{id}', { params: { path: { id } } })), (one) => tell(push_notice(one)))
    stops.push(subscribe('pushes', (change) => (change.type === 'done' || change.type === 'cancelled') && ask(change.id)))
  }
  if (can('contacts.read') && member) {
    const ask = reader((id) => data(api.GET('/api/v1/contacts/{id}', { params: { path: { id } } })), (one) => tell(lead_notice(one, member)))
    stops.push(subscribe('feed', (change) => (change.type === 'lead_opened' || change.type === 'lead_assigned') && ask(change.id)))
  }
  if (can('system.read')) {
    stops.push(follow_stopped())
    let last = ''
    const ask = reader(
      () => data(api.GET('/api/v1/sync')),
      (run) => {
        const one = sync_notice(run)
        if (one && one.id !== last) tell(one)
        last = one?.id ?? ''
      },
    )
    stops.push(subscribe('health', (change) => change.type === 'updated' && ask('')))
  }
  return () => stops.forEach((stop) => stop())
}
