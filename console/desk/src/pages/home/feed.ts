import { useQuery } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { api, data, type Schema } from '@lib/api/client'
import { use_live } from '@lib/live'
import { queries, refresh } from '@lib/query'
import { load_event_texts } from '@/pages/leads/event_texts'

type Event = Schema<'Event'>
const kept = 60

/** Newest first, at most `kept`; an event that is already there is not taken twice. */
export function fed(shown: Event[], newer: Event[]): Event[] {
  const known = new Set(shown.map((event) => event.id))
  return [...newer.filter((event) => !known.has(event.id)).reverse(), ...shown].slice(0, kept)
}

/** The corp's last events, followed by the live channel: what is newer is asked for and put on top. */
export function use_feed(on: boolean, told: () => void) {
  const key = ['home', 'feed']
  const feed = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => {
      const [page] = await Promise.all([data(api.GET('/api/v1/events', { params: { query: { limit: 30 } }, signal })), load_event_texts()]) // lines are drawn once, with their words
      return page.items
    },
    enabled: on,
  })
  const follow = useThrottleFn(
    async () => {
      told()
      const newest = feed.data.value?.[0]?.id
      if (!newest) return void refresh(...key)
      try {
        const page = await data(api.GET('/api/v1/events', { params: { query: { after: newest, limit: 100 } } }))
        if (page.next_cursor) return void refresh(...key) // too much at once
        queries.setQueryData<Event[]>(key, (shown) => fed(shown ?? [], page.items))
      } catch {
        void refresh(...key)
      }
    },
    1200,
    true,
    false,
  )
  if (on) use_live('feed', () => void follow(), () => void refresh(...key))
  return feed
}
