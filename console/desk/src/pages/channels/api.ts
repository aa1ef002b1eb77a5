import { computed } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import { api, data, door, type Schema } from '@lib/api/client'
import { use_live } from '@lib/live'
import { refresh } from '@lib/query'
import { use_members } from '@/grid/options'

export type Channel = Schema<'Channel'>
export type Stats = Schema<'ChannelStats'>

export const path_of = (id: string) => `/api/v1/channels/${id}`

/** The address of a code; the page asks for it as a picture, so the corp goes into it. */
export function qr_url(id: string, kind: 'svg' | 'png', size = 1024): string {
  const query = new URLSearchParams()
  if (kind === 'png') query.set('size', String(size))
  if (door.corp) query.set('corp', door.corp)
  const words = query.toString()
  return `${path_of(id)}/qr.${kind}${words ? `?${words}` : ''}`
}

export function use_stats(id: string, days: () => number) {
  return useQuery({
    queryKey: computed(() => ['channel-stats', id, days()]),
    queryFn: ({ signal }) => data(api.GET('/api/v1/channels/{id}/stats', { params: { path: { id }, query: { days: days() } }, signal })),
  })
}

/** Figures follow what happens to people; a burst of scans asks for them once in two seconds. */
export function follow_adds(...key: [string, ...string[]]): void {
  let waiting = false
  const again = () => {
    if (waiting) return
    waiting = true
    setTimeout(() => {
      waiting = false
      void refresh(...key)
    }, 2000)
  }
  use_live('feed', again, again)
}

/** Names by userid: a channel knows its members so. */
export function use_userids(): (userid: string) => string {
  const members = use_members()
  const names = computed(() => new Map((members.data.value ?? []).map((member) => [member.userid, member.name])))
  return (userid) => names.value.get(userid) || userid
}

/** A welcome with its variables filled as the contact would read it. */
export function filled(text: string, words: { contact: string; member: string; channel: string }): string {
  return text.replace(/\{(contact|member|channel)\}/g, (_, name: keyof typeof words) => words[name])
}

export const sync_kind: Record<Channel['sync'], string> = { ready: 'ok', pending: 'warn', failed: 'bad' }
