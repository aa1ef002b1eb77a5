import { computed } from 'vue'
import { use_channels } from '@/grid/options'

/** The channel a state belongs to: its name, '' when there is none, undefined while the channels are not known. */
export function use_state_names(): (state: string) => string | undefined {
  const channels = use_channels()
  const names = computed(() => channels.data.value && new Map(channels.data.value.map((one) => [one.state, one.name])))
  return (state) => names.value && (names.value.get(state) ?? '')
}
