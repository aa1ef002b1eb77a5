import { computed } from 'vue'
import { use_members } from '@/grid/options'

/** Names by userid: a source knows its owner so. */
export function use_userids(): (userid: string) => string {
  const members = use_members()
  const names = computed(() => new Map((members.data.value ?? []).map((member) => [member.userid, member.name])))
  return (userid) => names.value.get(userid) || userid
}
