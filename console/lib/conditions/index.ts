/**
 * The condition language of the API (crm/nurture/condition.h) as the console edits it: a tree of groups and terms with ids.
 * to_condition(to_tree(c)) means the same as c; unknown terms are kept as they are and shown as such.
 */
import type { Schema } from '../api/client'

export type Condition = Schema<'Condition'>
export type Op = 'eq' | 'ne' | 'in' | 'not_in' | 'exists' | 'gte' | 'lte' | 'contains' | 'before' | 'after' | 'within'

export type Leaf =
  | { tag: string }
  | { segment: string }
  | { field: string; op: Op; value: unknown }
  | { event: string; within?: string; count?: { gte?: number; lte?: number } }

export interface Term {
  kind: 'term'
  id: number
  not: boolean
  leaf: Leaf
}

export interface Group {
  kind: 'group'
  id: number
  /** none: not one of them holds. */
  mode: 'all' | 'any' | 'none'
  items: Node[]
}

export type Node = Term | Group

export const limits = { depth: 8, terms: 100, values: 200 } as const

let last = 0
export const new_id = (): number => (last += 1)

export const new_group = (mode: Group['mode'] = 'all', items: Node[] = []): Group => ({ kind: 'group', id: new_id(), mode, items })
export const new_term = (leaf: Leaf, not = false): Term => ({ kind: 'term', id: new_id(), not, leaf })

const is_leaf = (c: Condition): boolean => !('all' in c) && !('any' in c) && !('not' in c)

function to_node(c: Condition): Node {
  if ('all' in c) return new_group('all', c.all.map(to_node))
  if ('any' in c) return new_group('any', c.any.map(to_node))
  if ('not' in c) {
    const inner = c.not
    if ('any' in inner) return new_group('none', inner.any.map(to_node))
    if (is_leaf(inner)) return new_term(inner as Leaf, true)
    return new_group('none', [to_node(inner)])
  }
  return new_term(c as Leaf)
}

/** The root is always a group; a lone term or a null condition gets one around it. */
export function to_tree(condition: Condition | null | undefined): Group {
  if (!condition) return new_group()
  const node = to_node(condition)
  return node.kind === 'group' ? node : new_group('all', [node])
}

function from_node(node: Node): Condition | null {
  if (node.kind === 'term') return complete(node.leaf) ? ((node.not ? { not: node.leaf } : node.leaf) as Condition) : null
  const items = node.items.map(from_node).filter((item): item is Condition => item !== null)
  if (items.length === 0) return null
  if (node.mode === 'none') return { not: items.length === 1 && is_leaf(items[0] as Condition) ? (items[0] as Condition) : { any: items } }
  return items.length === 1 ? (items[0] as Condition) : node.mode === 'all' ? { all: items } : { any: items }
}

/** Null when nothing is asked. Half-filled terms and empty groups fall away. */
export function to_condition(tree: Group): Condition | null {
  return from_node(tree)
}

/** Whether a term says enough to be asked. */
export function complete(leaf: Leaf): boolean {
  if ('tag' in leaf) return leaf.tag !== ''
  if ('segment' in leaf) return leaf.segment !== ''
  if ('event' in leaf) return leaf.event !== ''
  if (!leaf.field) return false
  if (leaf.op === 'exists') return typeof leaf.value === 'boolean'
  if (Array.isArray(leaf.value)) return leaf.value.length > 0
  return leaf.value !== '' && leaf.value !== null && leaf.value !== undefined && !Number.isNaN(leaf.value)
}

export function depth(condition: Condition | null): number {
  if (!condition) return 0
  if ('all' in condition) return 1 + Math.max(0, ...condition.all.map(depth))
  if ('any' in condition) return 1 + Math.max(0, ...condition.any.map(depth))
  if ('not' in condition) return 1 + depth(condition.not)
  return 1
}

export function count_terms(condition: Condition | null): number {
  if (!condition) return 0
  const of = (list: Condition[]) => (list.length === 0 ? 1 : list.reduce((sum, one) => sum + count_terms(one), 0))
  if ('all' in condition) return of(condition.all)
  if ('any' in condition) return of(condition.any)
  if ('not' in condition) return count_terms(condition.not)
  return 1
}

/** '' when the server will take it, else which limit it breaks. */
export function over_limit(condition: Condition | null): '' | 'depth' | 'terms' {
  if (depth(condition) > limits.depth) return 'depth'
  return count_terms(condition) > limits.terms ? 'terms' : ''
}

/** The whole as one: both must hold. */
export function both(a: Condition | null, b: Condition | null): Condition | null {
  if (!a) return b
  if (!b) return a
  const list = (c: Condition) => ('all' in c ? c.all : [c])
  return { all: [...list(a), ...list(b)] }
}

/** Words typed by hand: such a condition may name a person and does not go into an address. */
export function has_free_text(condition: Condition | null): boolean {
  if (!condition) return false
  if ('all' in condition) return condition.all.some(has_free_text)
  if ('any' in condition) return condition.any.some(has_free_text)
  if ('not' in condition) return has_free_text(condition.not)
  return 'field' in condition && ['name', 'company', 'position', 'phone', 'email', 'unionid'].includes(condition.field) && condition.op !== 'exists'
}
