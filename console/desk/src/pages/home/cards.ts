import { can, type Role } from '@lib/api/session'

/** What home shows to whom: figures on top, then two columns of cards, the most needed first. */
export const figures = ['unanswered', 'new_leads', 'unassigned', 'adds', 'losses', 'leads_opened', 'messages_from_contacts', 'messages_from_members'] as const
export type Figure = (typeof figures)[number]
export type CardName = 'unanswered' | 'new_leads' | 'unassigned' | 'today' | 'stock' | 'feed' | 'sending' | 'channels' | 'health' | 'archive'
export interface Desk {
  figures: readonly Figure[]
  wide: readonly CardName[]
  side: readonly CardName[]
}

const talks: Desk = { figures: ['unanswered', 'new_leads', 'unassigned'], wide: ['unanswered', 'new_leads'], side: ['today', 'stock', 'feed'] }
const chats: readonly Figure[] = ['messages_from_contacts', 'messages_from_members']
const adds: readonly Figure[] = ['adds', 'losses', 'leads_opened']

export const desks: Record<Role, Desk> = {
  admin: { ...talks, wide: ['health', 'unanswered', 'new_leads'], side: ['archive', 'today', 'stock', 'feed'] },
  manager: { ...talks, figures: ['unassigned', 'unanswered', 'new_leads'], wide: ['unassigned', 'unanswered', 'new_leads'] },
  sales: talks,
  marketing: { figures: adds, wide: ['sending', 'channels'], side: ['stock', 'feed'] },
  service: talks,
  compliance: { figures: chats, wide: ['archive', 'health'], side: ['feed'] },
  readonly: { figures: [...adds, ...chats], wide: ['stock'], side: ['feed'] },
}

const needs: Record<CardName, string> = {
  unanswered: 'own',
  new_leads: 'leads.read',
  unassigned: 'leads.read',
  today: 'own',
  stock: 'leads.read',
  feed: 'contacts.read',
  sending: 'pushes.read',
  channels: 'channels.read',
  health: 'system.read',
  archive: 'archive.read',
}

/** The desk of a role without what this person may not read; who has no role (a token) gets the talks. */
export function desk_of(role: Role | null | undefined, may: (permission: string) => boolean = can): Desk {
  const desk = role ? desks[role] : talks
  const seen = (names: readonly CardName[]) => names.filter((name) => may(needs[name]))
  return { figures: desk.figures, wide: seen(desk.wide), side: seen(desk.side) }
}
