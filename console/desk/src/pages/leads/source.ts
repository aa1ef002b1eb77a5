import { useI18n } from 'vue-i18n'
import type { Schema } from '@lib/api/client'
import { use_names } from '@/grid/options'

/** Where a lead came from, in words: the channel's or form's name, else the kind. */
export function use_source(): (source: Schema<'LeadSource'>) => string {
  const { t, te } = useI18n()
  const channel = use_names('channel')
  const form = use_names('source')
  return (source) => channel(source.channel) || form(source.source) || (te(`leads.kind.${source.kind}`) ? t(`leads.kind.${source.kind}`) : source.kind)
}
