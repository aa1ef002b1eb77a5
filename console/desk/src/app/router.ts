import { nextTick } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import { can, load_me, session } from '@lib/api/session'
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
  if (failure || to.path === from.path || from.matched.length === 0) return
  void nextTick(() => document.getElementById('main')?.focus({ preventScroll: true }))
})

// A chunk of an older build is gone after an update: load the page anew, once.
router.onError((error: unknown, to) => {
  const text = String(error)
  if (!/dynamically imported module|Importing a module|error loading/i.test(text)) return
  if (sessionStorage.getItem('lb.reload') === to.fullPath) return
  sessionStorage.setItem('lb.reload', to.fullPath)
  location.assign(router.resolve(to.fullPath).href)
})
