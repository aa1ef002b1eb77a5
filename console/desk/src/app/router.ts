import { nextTick } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { can, load_me, session } from '@lib/api/session'
import { t } from '@lib/i18n'
import { toast } from '@/ui/toast'
import { page_of, page_routes, pages } from './pages'

declare module 'vue-router' {
  interface RouteMeta {
    page?: string
    title?: { zh: string; en: string }
    permission?: string | undefined
    /** Shown without the shell and without signing in. */
    open?: boolean
  }
}

/** Where the address stands that was loaded anew because a part of its page was missing. */
const again = 'lb.reload'

/** After the next frame; a page nobody sees paints none. */
function painted() {
  return new Promise<void>((done) => {
    requestAnimationFrame(() => setTimeout(done))
    setTimeout(done, 100)
  })
}

export const router = createRouter({
  history: createWebHistory('/console/'),
  scrollBehavior: (to, from, saved) => saved ?? (to.path === from.path ? false : { top: 0 }),
  routes: [
    { path: '/login', name: 'login', component: () => import('./Login.vue'), meta: { open: true } },
    { path: '/first', name: 'first', component: () => import('./First.vue'), meta: { open: true } },
    { path: '/forbidden', name: 'forbidden', component: () => import('./Refused.vue'), props: true },
    ...(pages.some((page) => page.routes.some((route) => route.path === '/')) ? [] : [{ path: '/', redirect: page_of('home')?.routes[0]?.path ?? page_routes[0]?.path ?? '/login' }]),
    ...page_routes,
    { path: '/:rest(.*)*', name: 'nowhere', component: () => import('./Nowhere.vue') },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.open) return true
  if (session.phase === 'unknown' || session.phase === 'out') {
    try {
      if (!(await load_me())) return { name: 'login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
    } catch {
      return true // the server is away: the shell comes up and says so, every part with its own "again"
    }
  }
  if (!can(to.meta.permission)) return { name: 'forbidden', query: { need: to.meta.permission, from: to.path }, replace: true }
  return true
})

// What was pressed or clicked is painted before the next page is built: that takes longer than a frame.
router.beforeResolve(async (to, from) => {
  if (to.path !== from.path && from.matched.length > 0) await painted()
})

// A new route puts the focus on the page, so that a screen reader starts there; a new query of the same page does not.
router.afterEach((to, from, failure) => {
  if (!failure) sessionStorage.removeItem(again)
  if (failure || to.path === from.path || from.matched.length === 0) return
  void nextTick(() => document.getElementById('main')?.focus({ preventScroll: true }))
})

// A part of the page is not to be had. After an update it is gone for good: load the page anew, once. Without a network, or while
// the server is away, the page that is there stays.
router.onError(async (error: unknown, to, from) => {
  if (!/dynamically imported module|Importing a module|error loading|preload CSS/i.test(String(error))) return
  const href = router.resolve(to.fullPath).href
  const stays = from.matched.length > 0 && !(await fetch(href, { cache: 'no-store' }).then((answer) => answer.ok, () => false))
  if (stays) return void toast(t('error.offline'), { kind: 'bad' })
  if (sessionStorage.getItem(again) === to.fullPath) return
  sessionStorage.setItem(again, to.fullPath)
  location.assign(href)
})
