import { ref, type Component } from 'vue'
import type { RouteRecordRaw } from 'vue-router'
import { call } from '@lib/api/client'
import { can } from '@lib/api/session'
import { load_texts, type Messages } from '@lib/i18n'
import type { Page } from './page'

const files = import.meta.glob<{ default: Page }>('../pages/*/page.ts', { eager: true })
const texts = import.meta.glob<{ default: Messages }>('../pages/*/{zh,en}.json')

export const pages: Page[] = Object.values(files).map((file) => file.default)

/** Whether the program runs with the sandbox; asked once after signing in. */
export const sandbox_on = ref(false)
export async function ask_sandbox(): Promise<void> {
  if (!pages.some((page) => page.sandbox && can(page.permission))) return // nobody else would see it
  sandbox_on.value = await call('GET', 'sandbox').then(
    () => true,
    () => false,
  )
}

export function visible(page: Page): boolean {
  return can(page.permission) && (!page.sandbox || sandbox_on.value)
}

function with_texts(page: Page, component: () => Promise<{ default: Component }>): () => Promise<{ default: Component }> {
  return async () => {
    const [loaded] = await Promise.all([
      component(),
      load_texts(page.name, async (lang) => (await texts[`../pages/${page.name}/${lang}.json`]?.())?.default ?? {}),
    ])
    return loaded
  }
}

/** A part of one page for use on another, with the texts of its own page. */
export function part_of<T extends Component>(name: string, component: () => Promise<{ default: T }>): () => Promise<{ default: T }> {
  const page = page_of(name)
  return page ? (with_texts(page, component) as () => Promise<{ default: T }>) : component
}

export const page_routes: RouteRecordRaw[] = pages.flatMap((page) =>
  page.routes.map((route, index) => ({
    path: route.path,
    name: route.name ?? (index === 0 ? page.name : `${page.name}-${index}`),
    component: with_texts(page, route.component),
    meta: { page: page.name, title: route.title ?? page.title, permission: route.permission ?? page.permission },
  })),
)

export function page_of(name: unknown): Page | undefined {
  return pages.find((page) => page.name === name)
}
