import { t, te, tm } from '@lib/i18n'

/** The server's own words for where a lead stands, in the person's language; what people typed themselves stays as it is. */
const ours = /^[a-z_]+$/

/** A stage, or what a contact shows for one: the status while the lead has no stage. '' stays ''. */
export function stage_text(stage: string): string {
  if (!ours.test(stage)) return stage
  if (te(`stage.${stage}`)) return t(`stage.${stage}`)
  return te(`filter.word.status.${stage}`) ? t(`filter.word.status.${stage}`) : stage
}

/** The way back, for what is typed or chosen: the server's word when it is one of ours. */
export function stage_word(text: string): string {
  const typed = text.trim()
  return stage_words().find((word) => stage_text(word) === typed) ?? typed
}

export const stage_words = (): string[] => Object.keys((tm('stage') ?? {}) as object)

/** Why a lead ended or changed hands: the server's words are said in ours. */
export function reason_text(reason: string): string {
  return ours.test(reason) && te(`reason.${reason}`) ? t(`reason.${reason}`) : reason
}
