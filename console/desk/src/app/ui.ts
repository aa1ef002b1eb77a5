import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import type { Lang } from '@lib/format'
import { set_language } from '@lib/i18n'
import { allow_single_keys } from '@lib/keys'

export type Theme = 'light' | 'dark' | 'system'

interface Kept {
  theme: Theme
  lang: Lang
  density: 'normal' | 'compact'
  folded: boolean
  single_keys: boolean
}

function kept(): Partial<Kept> {
  try {
    return JSON.parse(localStorage.getItem('lb.ui') ?? '{}') as Partial<Kept>
  } catch {
    return {}
  }
}

/** How this browser shows the console. public/theme.js reads the same key before the first paint. */
export const use_ui = defineStore('ui', () => {
  const before = kept()
  const theme = ref<Theme>(before.theme ?? 'system')
  const lang = ref<Lang>(before.lang ?? 'zh')
  const density = ref(before.density ?? 'normal')
  const folded = ref(before.folded ?? false)
  const single_keys = ref(before.single_keys ?? true)
  const nav_open = ref(false)
  const help_open = ref(false)
  const keys_open = ref(false)
  const palette_open = ref(false)
  const system_dark = matchMedia('(prefers-color-scheme: dark)')
  const system = ref(system_dark.matches)
  system_dark.addEventListener('change', (event) => (system.value = event.matches))
  const dark = computed(() => theme.value === 'dark' || (theme.value === 'system' && system.value))

  watch(dark, (on) => document.documentElement.classList.toggle('dark', on), { immediate: true })
  watch(density, (size) => (document.documentElement.dataset.density = size), { immediate: true })
  watch(single_keys, allow_single_keys, { immediate: true })
  watch([theme, lang, density, folded, single_keys], () => {
    const now: Kept = { theme: theme.value, lang: lang.value, density: density.value, folded: folded.value, single_keys: single_keys.value }
    localStorage.setItem('lb.ui', JSON.stringify(now))
  })

  async function speak(next: Lang): Promise<void> {
    await set_language(next)
    lang.value = next
  }

  return { theme, lang, density, folded, single_keys, nav_open, help_open, keys_open, palette_open, dark, speak }
})
