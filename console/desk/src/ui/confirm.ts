import { shallowRef } from 'vue'

/** A question before what leaves the house or cannot come back. Everything else is done at once, with an undo. */
export interface Question {
  title: string
  text?: string
  /** Facts, one a line: who, how many, what happens. */
  points?: string[]
  /** The verb on the button: 发送, 删除. */
  verb: string
  danger?: boolean
  /** Must be typed in before the button works: the number of people above 1,000. */
  typed?: string
}

export const asked = shallowRef<(Question & { done: (yes: boolean) => void }) | null>(null)

export function confirm(question: Question): Promise<boolean> {
  asked.value?.done(false)
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      done(yes) {
        asked.value = null
        resolve(yes)
      },
    }
  })
}
