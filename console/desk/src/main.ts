import { VueQueryPlugin } from '@tanstack/vue-query'
import { createPinia } from 'pinia'
import { createApp, watch } from 'vue'
import { session } from '@lib/api/session'
import { i18n } from '@lib/i18n'
import { start_live } from '@lib/live'
import { queries } from '@lib/query'
import '@lib/tokens.css'
import './app/base.css'
import App from './app/App.vue'
import { ask_sandbox } from './app/pages'
import { router } from './app/router'
import { use_ui } from './app/ui'

// After the first page has what it needs; where the server is away just then, later.
let stop_notices: () => void = () => undefined
function follow_notices(wait = 1500): void {
  setTimeout(async () => {
    if (session.phase === 'out') return
    try {
      const { start_notices } = await import('./notices/feed')
      stop_notices()
      stop_notices = await start_notices()
    } catch {
      follow_notices(10_000)
    }
  }, wait)
}

watch(
  () => session.phase,
  (phase, before) => {
    if (phase === 'in') {
      start_live()
      void ask_sandbox()
    }
    if (phase === 'in' && before !== 'expired') follow_notices()
    if (phase === 'out') stop_notices()
    if (phase === 'in' && before === 'expired') void queries.invalidateQueries()
    if (phase === 'out' && before !== 'unknown') {
      queries.clear()
      void router.push({ name: 'login' })
    }
  },
)

const app = createApp(App)
app.use(createPinia()).use(i18n).use(VueQueryPlugin, { queryClient: queries })

async function start(): Promise<void> {
  const ui = use_ui()
  if (ui.lang !== 'zh') await ui.speak(ui.lang)
  app.use(router).mount('#app')
}
void start()
