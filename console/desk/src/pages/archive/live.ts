import type { InfiniteData, QueryKey } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import type { Schema } from '@lib/api/client'
import { use_live } from '@lib/live'
import { queries, refresh } from '@lib/query'
import { with_head } from '@lib/query/head'

type Page = Schema<'MessagePage'>

/**
 * Keeps a list of messages true while it is shown: new ones are read and put on top; a recall or a file that arrived may concern any of
 * them, so then what is held is read again. The answer is what to call when there may be something new.
 */
export function use_fresh_messages(key: QueryKey, read_newest: () => Promise<Page>): { news: () => void; again: () => void } {
  const again = useThrottleFn(() => void refresh(...key), 1500, true, true)
  const news = useThrottleFn(
    async () => {
      const held = queries.getQueryData<InfiniteData<Page, string>>(key)
      if (!held) return
      const fresh = await read_newest().catch(() => null)
      const next = fresh && with_head<Schema<'Message'>, Page>(held, fresh)
      if (next) queries.setQueryData(key, next)
      else void again()
    },
    1000,
    true,
    true,
  )
  return { news: () => void news(), again: () => void again() }
}

/** The same for one conversation, told on its own topic. */
export function use_conversation_live(id: string, key: QueryKey, read_newest: () => Promise<Page>): void {
  const { news, again } = use_fresh_messages(key, read_newest)
  use_live(`conversation:${id}`, (change) => (change.type === 'updated' ? news() : again()), again)
}
