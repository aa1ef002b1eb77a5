import type { Schema } from '@lib/api/client'
import type { Drawer } from '@/grid/view_state'

/** As it stands in the address: instead of what somebody typed the key `s` of the tab's drawer where that is kept. */
export const unsaid = { s: '', member: '', contact: '', party: '', group: '', type: '', from: '', until: '', file: '', recalled: '' }
type Said = typeof unsaid
/** What the search desk asks. */
export type Asked = Omit<Said, 's'> & { q: string }

/** Words another tab typed are not here: nothing is asked for then. */
export function asked_in(said: Said, drawer: Drawer): Asked {
  const { member, contact, party, group, type, from, until, file, recalled } = said
  return { q: said.s ? (drawer.get(said.s) ?? '') : '', member, contact, party, group, type, from, until, file, recalled }
}

export function said({ q, ...rest }: Partial<Asked>, drawer: Drawer): Partial<Said> {
  return q === undefined ? rest : { ...rest, s: q ? drawer.put(q) : '' }
}

export const types = ['text', 'image', 'voice', 'video', 'file', 'link', 'weapp', 'mixed', 'chatrecord', 'markdown', 'location', 'card', 'docmsg', 'vote', 'collect', 'meeting', 'calendar', 'redpacket'] as const

/** Days as the person means them: from its first moment to the last day's end, in the time of this place. */
function day(text: string, plus: number): string {
  const [year, month, date] = text.split('-').map(Number)
  return year && month && date ? new Date(year, month - 1, date + plus).toISOString() : ''
}

export const has_filter = (asked: Asked): boolean => Object.entries(asked).some(([name, value]) => name !== 'q' && value !== '')
export const asks = (asked: Asked): boolean => asked.q.trim() !== '' || has_filter(asked)

export function question(asked: Asked): Pick<Schema<'ArchiveSearch'>, 'q' | 'filter'> {
  const from = day(asked.from, 0)
  const to = day(asked.until, 1)
  return {
    q: asked.q.trim(),
    filter: {
      ...(asked.member ? { member: asked.member } : {}),
      ...(asked.contact ? { contact: asked.contact } : {}),
      ...(asked.party ? { external_userid: asked.party } : {}),
      ...(asked.group ? { group: asked.group } : {}),
      ...(asked.type ? { types: [asked.type] } : {}),
      ...(from ? { from } : {}),
      ...(to ? { to } : {}),
      ...(asked.file ? { has_file: true } : {}),
      ...(asked.recalled ? { recalled: asked.recalled === 'yes' } : {}),
    },
  }
}

export interface Piece {
  text: string
  found: boolean
}

/** The text cut at its places. They count characters, not JavaScript's halves of them. */
export function pieces(text: string, places: readonly { first: number; length: number }[]): Piece[] {
  const characters = Array.from(text)
  const out: Piece[] = []
  let at = 0
  const add = (until: number, found: boolean) => {
    if (until > at) out.push({ text: characters.slice(at, until).join(''), found })
    at = Math.max(at, until)
  }
  for (const place of places) {
    add(place.first, false)
    add(place.first + place.length, true)
  }
  add(characters.length, false)
  return out
}
