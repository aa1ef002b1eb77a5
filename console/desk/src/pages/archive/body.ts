import type { Schema } from '@lib/api/client'
import type { IconName } from '@/ui/icons'

/** A link that may be opened: plain web addresses only, they come from strangers. */
export interface Link {
  title: string
  text: string
  url: string
  host: string
}
/** One line of a card. `label` is a text below archive.fact; `as` says how the value is written out. */
export interface Fact {
  label: string
  value: string
  as: 'text' | 'time' | 'person' | 'fen' | 'seconds' | 'word'
}
/** An item of a mixed message or a chat record. `media` is a place in the message's files. */
export interface Part {
  kind: string
  at: string
  text: string
  detail: string
  link: Link | null
  seconds: number
  media: number | null
  from_group: boolean
  parts: Part[]
}
/** What a bubble shows, besides the message's files. */
export type Body =
  | { as: 'words'; text: string }
  | { as: 'markdown'; text: string }
  | { as: 'files'; seconds: number }
  | { as: 'parts'; title: string; folded: boolean; parts: Part[] }
  | { as: 'card'; icon: IconName; state: string; title: string; lines: string[]; list: string[]; facts: Fact[]; links: Link[] }
  | { as: 'unknown'; fields: string }

type Fields = Readonly<Record<string, unknown>>
const fields_of = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {})
const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '')
const whole = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0)
const items = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const texts = (value: unknown): string[] => items(value).map(text).filter(Boolean)

export function link_of(value: unknown): Link | null {
  const from = fields_of(value)
  let url: URL
  try {
    url = new URL(text(from.url))
  } catch {
    return null
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return null
  return { title: text(from.title) || url.host, text: text(from.description), url: url.href, host: url.host }
}

/** "ChatRecordImage" is an image. */
const kind_of = (type: string): string => type.toLowerCase().replace(/^chatrecord(?=.)/, '')

/** The items come in one row, each with its depth. */
function tree(given: unknown): Part[] {
  const roots: Part[] = []
  const open: Part[] = []
  for (const item of items(given)) {
    const from = fields_of(item)
    const part: Part = {
      kind: kind_of(text(from.type)),
      at: text(from.at),
      text: text(from.text),
      detail: text(from.detail),
      link: link_of({ url: from.url, title: from.text, description: from.detail }),
      seconds: whole(from.play_seconds),
      media: typeof from.media === 'number' ? from.media : null,
      from_group: from.from_group === true,
      parts: [],
    }
    const depth = Math.min(whole(from.depth), open.length)
    const parent = depth > 0 ? open[depth - 1] : undefined
    ;(parent ? parent.parts : roots).push(part)
    open.splice(depth, open.length, part)
  }
  return roots
}

type CardParts = Partial<Omit<Extract<Body, { as: 'card' }>, 'as' | 'facts'>> & { facts?: (Fact | null)[] }
const fact = (label: string, value: unknown, as: Fact['as'] = 'text'): Fact | null => {
  const said = text(value)
  return said && !(said === '0' && as !== 'fen') ? { label, value: said, as } : null
}
const one_link = (value: unknown): Link[] => {
  const link = link_of(value)
  return link ? [link] : []
}
const word_of = (words: Readonly<Record<number, string>>, value: unknown): string => words[whole(value)] ?? ''
const packets = { 1: 'packet_normal', 2: 'packet_lucky', 3: 'packet_incentive' }
const replies = { 1: 'meeting_joins', 2: 'meeting_declines', 3: 'meeting_open', 4: 'meeting_uninvited', 5: 'meeting_cancelled', 6: 'meeting_past', 7: 'meeting_absent' }
const feeds = { 2: 'feed_image', 4: 'feed_video', 9: 'feed_live' }

function red_packet(c: Fields): CardParts {
  const total = fields_of(c.total)
  return { icon: 'star', state: word_of(packets, c.type), title: text(c.wish), facts: [fact('count', c.count), whole(total.amount) ? fact('total', total.amount, 'fen') : null] }
}
const consent = (c: Fields): CardParts => ({ icon: 'shield', facts: [fact('person', c.userid, 'person'), fact('at', c.at, 'time')] })

const cards = new Map<string, (c: Fields) => CardParts>(
  Object.entries({
    link: (c) => ({ icon: 'link', links: one_link(c), ...(link_of(c) ? {} : { title: text(c.title), lines: [text(c.description)] }) }),
    news: (c) => ({ icon: 'note', links: items(c.items).flatMap(one_link), list: items(c.items).filter((one) => !link_of(one)).map((one) => text(fields_of(one).title)) }),
    docmsg: (c) => ({ icon: 'file', title: link_of(c) ? '' : text(c.title), links: one_link(c), facts: [fact('creator', c.creator, 'person')] }),
    location: (c) => ({
      icon: 'pin',
      title: text(c.title) || text(c.address),
      lines: text(c.title) ? [text(c.address)] : [],
      facts: [c.latitude || c.longitude ? fact('coordinates', `${text(c.latitude)}, ${text(c.longitude)}`) : null],
    }),
    card: (c) => ({ icon: 'user', facts: [fact('person', c.userid, 'person'), fact('company', c.corp_name)] }),
    weapp: (c) => ({ icon: 'mobile', title: text(c.title), lines: [text(c.description)], facts: [fact('app', c.display_name)] }),
    todo: (c) => ({ icon: 'check', title: text(c.title), lines: [text(c.content)] }),
    vote: (c) => ({ icon: 'chart', state: c.joined === true ? 'vote_joined' : 'vote_started', title: text(c.title), list: texts(c.items) }),
    collect: (c) => ({
      icon: 'rows',
      title: text(c.title),
      list: texts(c.questions),
      facts: [fact('room', c.room_name), fact('creator', c.creator, 'person'), fact('created', c.created)],
    }),
    redpacket: red_packet,
    external_redpacket: red_packet,
    meeting: (c) => ({
      icon: 'calendar',
      state: whole(c.type) === 102 ? word_of(replies, c.status) || 'meeting_reply' : 'meeting_invited',
      title: text(c.topic),
      lines: [text(c.remarks)],
      facts: [fact('starts', c.starts_at, 'time'), fact('ends', c.ends_at, 'time'), fact('place', c.address), fact('meeting_id', c.meeting_id)],
    }),
    meeting_notification: (c) => ({ icon: 'bell', title: text(c.content), facts: [fact('meeting_id', c.meeting_id)] }),
    calendar: (c) => ({
      icon: 'calendar',
      title: text(c.title),
      lines: [text(c.remarks)],
      facts: [
        fact('starts', c.starts_at, 'time'),
        fact('ends', c.ends_at, 'time'),
        fact('place', c.place),
        fact('creator', c.creator, 'person'),
        ...texts(c.attendees).map((one) => fact('attendee', one, 'person')),
      ],
    }),
    meeting_voice_call: (c) => ({ icon: 'phone', list: texts(c.shown_files), facts: [fact('ends', c.ends_at, 'time'), fact('screen_shares', c.screen_shares)] }),
    voiptext: (c) => ({ icon: c.video === true ? 'video' : 'phone', state: c.video === true ? 'call_video' : 'call_voice', facts: [fact('duration', c.seconds, 'seconds')] }),
    sphfeed: (c) => ({ icon: 'play', state: word_of(feeds, c.type), title: text(c.name), lines: [text(c.description)] }),
    qydiskfile: (c) => ({ icon: 'file', title: text(c.filename) }),
    agree: consent,
    disagree: consent,
    revoke: () => ({ icon: 'undo', state: 'revoked' }),
    switch: (c) => ({ icon: 'building', facts: [fact('person', c.userid, 'person')] }),
  } satisfies Record<string, (c: Fields) => CardParts>),
)

const files = new Set(['image', 'emotion', 'voice', 'video', 'file', 'voip_doc_share'])

/** What to show for a message, by its type. Whatever is missing or odd is left out; with nothing left it is the summary. */
export function body_of(message: Pick<Schema<'Message'>, 'type' | 'content' | 'summary' | 'media'>): Body {
  const c = fields_of(message.content)
  const type = message.type.toLowerCase()
  if ('fields' in c) {
    const shown = fields_of(c.fields)
    return { as: 'unknown', fields: Object.keys(shown).length ? JSON.stringify(shown, null, 2) : '' }
  }
  if ((type === 'text' || type === 'markdown') && typeof c.content === 'string') return { as: type === 'text' ? 'words' : type, text: c.content }
  if (type === 'mixed' || type === 'chatrecord') {
    const parts = tree(c.parts)
    if (parts.length) return { as: 'parts', title: text(c.title), folded: type === 'chatrecord', parts }
  }
  if (files.has(type) && message.media.length) return { as: 'files', seconds: whole(c.play_seconds) }
  const made = cards.get(type)?.(c)
  if (made) {
    const card = {
      as: 'card',
      icon: made.icon ?? 'file',
      state: made.state ?? '',
      title: made.title ?? '',
      lines: (made.lines ?? []).filter(Boolean),
      list: (made.list ?? []).filter(Boolean),
      facts: (made.facts ?? []).filter((one) => one !== null),
      links: made.links ?? [],
    } as const
    if (card.state || card.title || card.lines.length || card.list.length || card.facts.length || card.links.length) return { ...card }
  }
  return { as: 'words', text: message.summary }
}

/** The files that its parts do not show in their place. */
export function loose_files(message: Pick<Schema<'Message'>, 'media'>, body: Body): Schema<'Media'>[] {
  if (body.as !== 'parts') return message.media
  const placed = new Set<number>()
  const visit = (parts: readonly Part[]): void => {
    for (const part of parts) {
      if (part.media !== null) placed.add(part.media)
      visit(part.parts)
    }
  }
  visit(body.parts)
  return message.media.filter((_, at) => !placed.has(at))
}
