import { computed, shallowRef } from 'vue'

/** 412: somebody saved before us. What he changed, field by field, and whose words stay. */
export type Choice = Record<string, 'mine' | 'theirs'>
export interface ClashRow {
  part: string
  label: string
  theirs: string
  mine: string
  /** We changed it, too; otherwise ours is only what was there before. */
  both: boolean
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** The parts that somebody else changed to something other than what we have. */
export function differing<F extends object>(base: F, mine: F, theirs: F, parts: readonly (keyof F & string)[]): { part: keyof F & string; both: boolean }[] {
  return parts.filter((part) => !same(base[part], theirs[part]) && !same(mine[part], theirs[part])).map((part) => ({ part, both: !same(base[part], mine[part]) }))
}

/** Their form with what we changed on top; where both did, by choice. */
export function merged<F extends object>(base: F, mine: F, theirs: F, parts: readonly (keyof F & string)[], choice: Choice): F {
  const out = { ...theirs }
  for (const part of parts) {
    const theirs_changed = !same(base[part], theirs[part])
    if (theirs_changed ? choice[part] === 'mine' : !same(base[part], mine[part])) out[part] = mine[part]
  }
  return out
}

/** Of one edit form: `label` names a part, `words` says what a form has there. */
export function use_clash<F extends object>(parts: readonly (keyof F & string)[], label: (part: string) => string, words: (part: keyof F & string, form: F) => string) {
  const met = shallowRef<{ base: F; mine: F; theirs: F } | null>(null)
  const rows = computed<ClashRow[]>(() => {
    const now = met.value
    if (!now) return []
    return differing(now.base, now.mine, now.theirs, parts).map(({ part, both }) => ({ part, both, label: label(part), theirs: words(part, now.theirs) || '–', mine: words(part, now.mine) || '–' }))
  })
  return {
    met,
    rows,
    /** False: nothing of this form was touched by the other, so ours can be saved on top of it. */
    meet(base: F, mine: F, theirs: F): boolean {
      met.value = { base, mine, theirs }
      if (rows.value.length) return true
      met.value = null
      return false
    },
    settle(choice: Choice): F {
      const now = met.value as { base: F; mine: F; theirs: F }
      met.value = null
      return merged(now.base, now.mine, now.theirs, parts, choice)
    },
    drop: () => (met.value = null),
  }
}
