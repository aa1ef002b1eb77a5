import { computed, shallowReactive } from 'vue'

/** What happened while nobody looked: finished operations, things that broke. Kept until the page is reloaded. */
export interface Notice {
  id: string
  kind: 'ok' | 'info' | 'warn' | 'bad'
  text: string
  at: number
  to?: string
  read: boolean
}

const list = shallowReactive<Notice[]>([])
export const notices: readonly Notice[] = list
export const unread = computed(() => list.filter((notice) => !notice.read).length)

/** The same id again replaces the earlier notice. */
export function notify(notice: Omit<Notice, 'at' | 'read'>): void {
  const at = list.findIndex((one) => one.id === notice.id)
  if (at >= 0) list.splice(at, 1)
  list.unshift({ ...notice, at: Date.now(), read: false })
  list.splice(50)
}

export function read_all(): void {
  list.splice(0, list.length, ...list.map((notice) => ({ ...notice, read: true })))
}
