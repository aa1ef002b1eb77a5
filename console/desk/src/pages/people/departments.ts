import type { Schema } from '@lib/api/client'
import type { DepartmentRole, Role } from './api'

export interface Branch {
  id: string
  name: string
  depth: number
  /** The names above it, for the search and for people who cannot see the indent. */
  path: string
  /** What its members get without a role of their own: the nearest department above with one. */
  inherited: Role | null
  from: string
}

/** The tree as a list, each department after the one it belongs to. What points at nobody, or at itself, stands at the top. */
export function branches(all: Schema<'Department'>[], given: ReadonlyMap<string, Role>): Branch[] {
  const known = new Set(all.map((one) => one.id))
  const below = new Map<string, Schema<'Department'>[]>()
  for (const one of all) {
    const parent = known.has(one.parent) && one.parent !== one.id ? one.parent : ''
    below.set(parent, [...(below.get(parent) ?? []), one])
  }
  const out: Branch[] = []
  const seen = new Set<string>()
  function walk(one: Schema<'Department'>, above: Branch | null): void {
    if (seen.has(one.id)) return
    seen.add(one.id)
    const own = above ? (given.get(above.id) ?? null) : null
    const branch: Branch = {
      id: one.id,
      name: one.name,
      depth: above ? above.depth + 1 : 0,
      path: above ? `${above.path} / ${one.name}` : one.name,
      inherited: own ?? above?.inherited ?? null,
      from: own ? (above?.name ?? '') : (above?.from ?? ''),
    }
    out.push(branch)
    for (const next of below.get(one.id) ?? []) walk(next, branch)
  }
  for (const one of below.get('') ?? []) walk(one, null)
  for (const one of all) walk(one, null) // rings that nothing above leads to
  return out
}

export const as_map = (items: DepartmentRole[]): Map<string, Role> => new Map(items.map((item) => [item.department, item.role]))

export function same_roles(a: ReadonlyMap<string, Role>, b: ReadonlyMap<string, Role>): boolean {
  return a.size === b.size && [...a].every(([id, role]) => b.get(id) === role)
}

/** Both changed the same list: what only they changed is taken from them, what was changed here stays. */
export function merged(start: ReadonlyMap<string, Role>, mine: ReadonlyMap<string, Role>, theirs: ReadonlyMap<string, Role>): Map<string, Role> {
  const out = new Map(theirs)
  for (const id of new Set([...start.keys(), ...mine.keys()])) {
    const role = mine.get(id)
    if (role === start.get(id)) continue
    if (role) out.set(id, role)
    else out.delete(id)
  }
  return out
}
