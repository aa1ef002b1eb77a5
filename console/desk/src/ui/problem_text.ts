import { as_problem, type Problem } from '@lib/api/client'
import { t, te } from '@lib/i18n'
import { toast } from './toast'

/** A refusal in the person's language: by code, else by status, else what the server said. */
export function problem_text(error: unknown): string {
  const problem = as_problem(error)
  if (te(`error.${problem.code}`)) return t(`error.${problem.code}`)
  if (te(`error.http_${problem.status}`)) return t(`error.http_${problem.status}`)
  return problem.detail || t('error.unknown')
}

/** The text of one field's fault, or ''. */
export function field_text(problem: Problem | null, field: string): string {
  const code = problem?.field(field) ?? ''
  if (!code) return ''
  return te(`field.${code}`) ? t(`field.${code}`) : t('field.wrong')
}

/** For actions: a refusal as a toast. */
export function toast_problem(error: unknown): void {
  const problem = as_problem(error)
  const detail = problem.status === 422 || problem.status === 409 ? problem.detail : ''
  toast(detail && !te(`error.${problem.code}`) ? detail : problem_text(problem), { kind: 'bad' })
}
