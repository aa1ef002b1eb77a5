import { nextTick } from 'vue'
import { as_problem, type Problem } from '@lib/api/client'
import { t, te } from '@lib/i18n'
import { field_text, problem_text } from '@/ui/problem_text'
import { toast } from '@/ui/toast'

/** A refusal in the words of this page where it has some: the last admin, a name that is taken. */
export function fault_text(error: unknown): string {
  const problem = as_problem(error)
  const key = `people.fault.${problem.code}`
  return te(key) ? t(key) : problem_text(problem)
}

export function toast_fault(error: unknown): void {
  toast(fault_text(error), { kind: 'bad' })
}

/** Refusals that are about one field although the server names none. */
const about: Record<string, string> = { user_name_taken: 'name', token_name_taken: 'name', member_taken: 'member' }

export function fault_of(problem: Problem | null, field: string): string {
  if (!problem) return ''
  if (about[problem.code] === field) return fault_text(problem)
  const key = `people.wrong.${field}`
  return problem.field(field) && te(key) ? t(key) : field_text(problem, field)
}

/** What no field can show. */
export function fault_left(problem: Problem | null, fields: readonly string[]): string {
  return problem && !fields.some((field) => fault_of(problem, field)) ? fault_text(problem) : ''
}

/** To the first field with a fault, once it is marked. */
export async function to_fault(box: Element | null | undefined): Promise<void> {
  await nextTick()
  box?.querySelector<HTMLElement>('[aria-invalid=true], .pick.invalid')?.focus()
}
