import { api, data, etag_of, type Schema } from '@lib/api/client'
import { can } from '@lib/api/session'

export type ContactCard = Schema<'ContactCard'>
export type ContactEdit = Schema<'ContactEdit'>
type Identity = ContactCard['identities'][number]

/** What people may edit of a contact. A form sends only what was changed: the rest may be masked for this person. */
export interface CardForm {
  company: string
  position: string
  gender: number
  opted_out: boolean
}
export const card_parts = ['company', 'position', 'gender', 'opted_out'] as const
export const form_of = ({ company, position, gender, opted_out }: ContactCard): CardForm => ({ company, position, gender, opted_out })

export function changes_of(base: CardForm, now: CardForm): ContactEdit {
  const trimmed = { ...now, company: now.company.trim(), position: now.position.trim() }
  return Object.fromEntries(card_parts.filter((part) => trimmed[part] !== base[part]).map((part) => [part, trimmed[part]]))
}

/** The change that takes `sent` back. */
export function reverse_of(base: CardForm, sent: ContactEdit): ContactEdit {
  return Object.fromEntries(card_parts.filter((part) => part in sent).map((part) => [part, base[part]]))
}

export interface Held {
  card: ContactCard
  version: string
}
export async function card_now(id: string): Promise<Held> {
  const card = await data(api.GET('/api/v1/contacts/{id}', { params: { path: { id } } }))
  return { card, version: etag_of(`/api/v1/contacts/${id}`) }
}
export const patch_card = (id: string, version: string, body: ContactEdit): Promise<ContactCard> =>
  data(api.PATCH('/api/v1/contacts/{id}', { params: { path: { id }, header: { 'If-Match': version } }, body }))

export type Masked = 'phone' | 'email'
export type Revealed = Partial<Record<Masked, string[]>>
const masked_kind = (kind: string): kind is Masked => kind === 'phone' || kind === 'email'

/** Who sees phones and e-mails whole has nothing to ask for. */
export const may_reveal = (): boolean => can('contacts.reveal') && !can('contacts.phones')

export interface ShownIdentity extends Identity {
  clear: boolean
  /** The field to ask for, on the first value of its kind: one answer shows all of them. */
  ask: Masked | null
}
/** A contact's identities with what was revealed in place of the masked values. */
export function shown_identities(identities: Identity[], revealed: Revealed, asks: boolean): ShownIdentity[] {
  const seen = new Map<string, number>()
  return identities.map((one) => {
    const at = seen.get(one.kind) ?? 0
    seen.set(one.kind, at + 1)
    if (!masked_kind(one.kind)) return { ...one, clear: false, ask: null }
    const value = revealed[one.kind]?.[at]
    if (value !== undefined) return { ...one, value, clear: true, ask: null }
    // One that came after the answer is masked still; then it may be asked for again.
    const first = at === (revealed[one.kind]?.length ?? 0)
    return { ...one, clear: false, ask: asks && first ? one.kind : null }
  })
}

export const reveal = async (id: string, field: Masked, reason: string): Promise<string[]> =>
  (await data(api.POST('/api/v1/contacts/{id}/reveal', { params: { path: { id } }, body: { field, reason } }))).values
