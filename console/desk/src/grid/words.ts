import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { exact, type Lang } from '@lib/format'
import type { Condition, Leaf } from '@lib/conditions'
import { field_of } from '@lib/conditions/fields'
import { stage_text } from '@/ui/lead_words'
import { use_names } from './options'

/** A condition in words, for chips and confirmations: "标签 高意向", "负责人 是 张三、李四". */
export function use_words(): ComputedRef<(condition: Condition) => string> {
  const { t, locale } = useI18n()
  const names = { tag: use_names('tag'), segment: use_names('segment'), member: use_names('member'), channel: use_names('channel'), source: use_names('source') }
  const span = (text: string) => text.replace(/^(\d+)([hdw])$/, (_, n: string, unit: string) => `${n} ${t(`filter.unit_${unit}`)}`)
  const short = (id: string) => `…${id.slice(-4)}`

  function leaf_words(leaf: Leaf, not: boolean): string {
    if ('tag' in leaf) return `${t(not ? 'filter.has_not' : 'filter.has')} ${names.tag(leaf.tag) || short(leaf.tag)}`
    if ('segment' in leaf) return `${t(not ? 'filter.outside' : 'filter.inside')} ${names.segment(leaf.segment) || short(leaf.segment)}`
    if ('event' in leaf) {
      const when = leaf.within ? ` ${t('filter.within_last')} ${span(leaf.within)}` : ''
      return `${not ? t('filter.happened_not') : t('filter.happened')} ${t(`filter.word.event.${leaf.event}`)}${when}`
    }
    const field = field_of(leaf.field)
    const name = t(`filter.field_name.${leaf.field}`)
    const say = (value: unknown): string => {
      if (field?.pick === 'words') return t(`filter.word.${leaf.field}.${String(value)}`)
      if (field?.pick) return names[field.pick](String(value)) || short(String(value))
      if (field?.kind === 'time' && leaf.op === 'within') return span(String(value))
      if (field?.kind === 'time') return exact(String(value), locale.value as Lang, 'date')
      return leaf.field === 'stage' ? stage_text(String(value)) : String(value)
    }
    if (leaf.op === 'exists') return `${name} ${t(leaf.value ? 'filter.yes' : 'filter.no')}`
    const value = Array.isArray(leaf.value) ? leaf.value.map(say).join('、') : say(leaf.value)
    return `${not ? `${t('filter.none')} ` : ''}${name} ${t(`filter.op_name.${leaf.op}`)} ${value}`
  }

  function words(condition: Condition, not = false): string {
    if ('all' in condition) return `${not ? t('filter.none') : ''}(${condition.all.map((one) => words(one)).join(` ${t('filter.and')} `)})`
    if ('any' in condition) return `${not ? t('filter.none') : ''}(${condition.any.map((one) => words(one)).join(` ${t('filter.or')} `)})`
    if ('not' in condition) return words(condition.not, !not)
    return leaf_words(condition as Leaf, not)
  }
  return computed(() => (condition: Condition) => words(condition))
}
