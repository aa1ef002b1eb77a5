import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter } from 'vue-router'

/**
 * A page's state in its address: words by name, those equal to their default left out. `set` changes several at once, without a
 * step in the history.
 */
export function use_url_words<Name extends string>(defaults: Record<Name, string>): { words: ComputedRef<Record<Name, string>>; set: (patch: Partial<Record<Name, string>>) => void } {
  const route = useRoute()
  const router = useRouter()
  const names = Object.keys(defaults) as Name[]
  const words = computed(() => {
    const now = { ...defaults }
    for (const name of names) {
      const value = route.query[name]
      if (typeof value === 'string') now[name] = value
    }
    return now
  })
  function set(patch: Partial<Record<Name, string>>): void {
    const query = { ...route.query }
    for (const name of names) {
      const value = patch[name]
      if (value === undefined) continue
      if (value === defaults[name]) delete query[name]
      else query[name] = value
    }
    void router.replace({ query })
  }
  return { words, set }
}
