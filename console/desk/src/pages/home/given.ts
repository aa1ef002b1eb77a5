import { useQuery } from '@tanstack/vue-query'
import { useThrottleFn } from '@vueuse/core'
import { computed, inject, provide, type InjectionKey } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import { api, data } from '@lib/api/client'
import { can } from '@lib/api/session'
import { number, type Lang } from '@lib/format'
import { use_live } from '@lib/live'
import { refresh } from '@lib/query'
import { encode_view, start_state, tab_drawer } from '@/grid/view_state'
import { use_feed } from './feed'
import { use_people } from './people'

function make() {
  const { locale } = useI18n()
  const router = useRouter()
  const home = useQuery({ queryKey: ['home', 'now'], queryFn: ({ signal }) => data(api.GET('/api/v1/home', { signal })), refetchInterval: 60_000 })
  const again = useThrottleFn(() => void Promise.all([refresh('home', 'now'), refresh('home', 'unassigned')]), 3000, true, false)
  const feed = use_feed(can('contacts.read'), () => void again())
  if (can('leads.read')) use_live('leads', () => void again(), () => void again())
  const people = use_people(
    computed(() => [...new Set((feed.data.value ?? []).flatMap((event) => (event.contact ? [event.contact] : [])))]),
    can('contacts.read'),
  )
  /** The list of leads with one status chosen; '' for who may not open it. */
  const leads_path = (status: string) => (can('leads.read') ? router.resolve({ path: '/leads', query: encode_view({ ...start_state, view: status, condition: { field: 'status', op: 'in', value: [status] } }, tab_drawer) }).fullPath : '')
  return { home, feed, people, leads_path, n: (value: number) => number(value, locale.value as Lang) }
}

type Given = ReturnType<typeof make>
const key: InjectionKey<Given> = Symbol('home')

/** What home's cards share, asked for once: by the page for its cards. */
export function give_home(): Given {
  const given = make()
  provide(key, given)
  return given
}

export function use_home(): Given {
  const given = inject(key)
  if (!given) throw new Error('a card of home stands on home')
  return given
}
