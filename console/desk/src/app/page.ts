import type { Component } from 'vue'
import type { Lang } from '@lib/format'
import type { IconName } from '@/ui/icons'

/** One folder of pages/. Only this file is loaded at the start; the component and its texts come when the page is opened. */
export interface Page {
  /** The folder's name, the name space of its texts, and the first route's name. */
  name: string
  title: Record<Lang, string>
  /** Without it the page is reachable but not in the menu. */
  nav?: { group: 'work' | 'grow' | 'data' | 'system'; order: number; icon: IconName; keys?: string }
  /** Hidden and refused without it; the server refuses on its own. */
  permission?: string
  /** Only where the sandbox runs. */
  sandbox?: boolean
  routes: { path: string; name?: string; title?: Record<Lang, string>; component: () => Promise<{ default: Component }>; permission?: string }[]
}

export const define_page = (page: Page): Page => page
