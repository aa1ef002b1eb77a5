import type { Schema } from '@lib/api/client'
import { both, type Condition } from '@lib/conditions'

/**
 * One condition for the address, saved views and chips; the server has two: filters of the lead itself, and a condition of its contact.
 * Terms at the top that name status, owner, channel, source or stage are the lead's own; everything else asks about the contact.
 */
type Own = 'status' | 'owner' | 'channel' | 'source' | 'stage'
export type Lifted = Pick<Schema<'LeadQuery'>, Own | 'unowned' | 'condition'>

const own: readonly string[] = ['status', 'owner', 'channel', 'source', 'stage'] satisfies Own[]

export function terms_of(condition: Condition | null): Condition[] {
  return !condition ? [] : 'all' in condition ? condition.all : [condition]
}

export function joined(terms: Condition[]): Condition | null {
  return terms.reduce<Condition | null>((sum, one) => both(sum, one), null)
}

/** The values of `field is one of ...` at the top, else null. */
export function chosen_of(term: Condition, field: string): string[] | null {
  if (field === 'tag') return 'tag' in term ? [term.tag] : 'any' in term && term.any.length > 0 && term.any.every((one) => 'tag' in one) ? term.any.map((one) => ('tag' in one ? one.tag : '')) : null
  if (!('field' in term) || term.field !== field) return null
  if (term.op === 'in' && Array.isArray(term.value)) return term.value.map(String)
  return term.op === 'eq' ? [String(term.value)] : null
}

export function lift(condition: Condition | null): Lifted {
  const out: Lifted = {}
  const rest: Condition[] = []
  for (const term of terms_of(condition)) {
    const field = 'field' in term ? term.field : ''
    const values = own.includes(field) ? chosen_of(term, field) : null
    const unowned = 'field' in term && field === 'owner' && term.op === 'exists' && term.value === false
    if (unowned && !out.owner) out.unowned = true
    else if (values?.length && !out[field as Own] && !(field === 'owner' && out.unowned)) Object.assign(out, { [field]: values })
    else rest.push(term)
  }
  const left = joined(rest)
  return left ? { ...out, condition: left } : out
}

/** The condition with `field` set to these values; none drops the term. */
export function choose(condition: Condition | null, field: 'status' | 'owner' | 'channel' | 'tag', values: string[]): Condition | null {
  const others = terms_of(condition).filter((term) => chosen_of(term, field) === null)
  if (values.length === 0) return joined(others)
  const tags = values.map((tag): Condition => ({ tag }))
  const term: Condition = field === 'tag' ? (tags.length === 1 ? (tags[0] as Condition) : { any: tags }) : { field, op: 'in', value: values }
  return joined([...others, term])
}

export function chosen(condition: Condition | null, field: string): string[] {
  for (const term of terms_of(condition)) {
    const values = chosen_of(term, field)
    if (values) return values
  }
  return []
}
