import { useQuery } from '@tanstack/vue-query'
import { computed, nextTick, reactive, ref, watch, type Ref } from 'vue'
import { Problem, api, as_problem, data, etag_of, type Schema } from '@lib/api/client'
import { t } from '@lib/i18n'
import { queries, refresh } from '@lib/query'
import { use_clash, type Choice, type ClashRow } from '@/clash/clash'
import { toast_problem } from '@/ui/problem_text'
import { toast } from '@/ui/toast'

export type Corp = Schema<'Corp'>
export type CorpEdit = Schema<'CorpEdit'>
export type Steps = Schema<'SetupSteps'>
export type Step = Schema<'SetupStep'>
export type StepId = Step['id']
export type Finding = Step['findings'][number]
export const step_ids: readonly StepId[] = ['corp', 'customer_contact', 'callbacks', 'domain', 'members', 'toolbar', 'archive', 'first_sync']

export const is_sandbox = (corp: Corp): boolean => /^http:\/\/(127\.|localhost|\[::1\])/.test(corp.api_base)

export function use_corps() {
  return useQuery({ queryKey: ['corps', 'all'], queryFn: async ({ signal }) => (await data(api.GET('/api/v1/corps', { signal }))).items })
}

/** The steps of the chosen company; asks nobody outside. */
export function use_steps(on: Ref<boolean>) {
  return useQuery({ queryKey: ['setup'], queryFn: ({ signal }) => data(api.GET('/api/v1/setup/steps', { signal })), enabled: on })
}

/** The one company with its version; a secret of it is never part of the answer. */
export function use_corp(id: Ref<string>) {
  return useQuery({
    queryKey: computed(() => ['corps', id.value]),
    queryFn: ({ signal }) => data(api.GET('/api/v1/corps/{id}', { params: { path: { id: id.value } }, signal })),
    enabled: computed(() => id.value !== ''),
    placeholderData: undefined,
  })
}

/** Tests run one after another: the server makes one at a time. */
export function use_tests() {
  const running = reactive(new Set<StepId>())
  async function test(...steps: StepId[]): Promise<void> {
    const mine = steps.filter((step) => !running.has(step))
    for (const step of mine) running.add(step)
    try {
      for (const step of mine) {
        const result = await data(api.POST('/api/v1/setup/steps/{step}/test', { params: { path: { step } } }))
        queries.setQueryData<Steps>(['setup'], (all) => all && { ...all, items: all.items.map((one) => (one.id === step ? result : one)) })
        running.delete(step)
      }
    } catch (error) {
      toast_problem(error)
    } finally {
      for (const step of mine) running.delete(step)
    }
  }
  return { running, test }
}

/** The last part of the field a refusal names: callbacks.0.token is `token`. */
export function fault_of(problem: Problem | null, name: string): string {
  const named = problem?.errors.some((error) => error.field === name || error.field.endsWith(`.${name}`))
  return named ? t(`setup.fault.${name}`) : ''
}

/** A value in a comparison; secrets are never shown and stand as dots. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join('、')
  if (value && typeof value === 'object') return Object.values(value).map(shown).filter(Boolean).join(' · ')
  return typeof value === 'boolean' ? t(value ? 'setup.form.on' : 'setup.form.off') : String(value ?? '')
}

/**
 * A form on a part of the company. `of` makes the form's values from it (secrets are '' there: they come in here and go out, nothing
 * else), `edit` the change that is sent. Written with If-Match; when somebody was first, `theirs` holds what is there now.
 */
export function use_corp_form<T extends object>(corp: Ref<Corp>, of: (corp: Corp) => T, edit: (form: T, was: T) => CorpEdit, saved: () => void) {
  const path = () => `/api/v1/corps/${corp.value.id}`
  const form = ref(of(corp.value)) as Ref<T>
  const start = ref(of(corp.value)) as Ref<T>
  let version = etag_of(path())
  const busy = ref(false)
  const problem = ref<Problem | null>(null)
  const theirs = ref<Corp | null>(null) as Ref<Corp | null>
  const clash = use_clash<T>(Object.keys(start.value) as (keyof T & string)[], (part) => part, (part, one) => shown(one[part]))
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  const dirty = computed(() => !same(form.value, start.value))

  function take(one: Corp): void {
    form.value = of(one)
    start.value = of(one)
    version = etag_of(path())
    theirs.value = null
    problem.value = null
  }
  const reset_to = (one: Corp | null) => one && take(one)
  // A newer version that leaves this form's own fields as they were is no conflict of it.
  watch(corp, (one) => {
    if (busy.value) return
    if (!dirty.value) take(one)
    else if (same(of(one), start.value)) version = etag_of(path())
  })
  watch(form, () => (problem.value = null), { deep: true })

  async function meet(): Promise<boolean> {
    theirs.value = await data(api.GET('/api/v1/corps/{id}', { params: { path: { id: corp.value.id } } })).catch(() => null)
    if (!theirs.value) return false
    version = etag_of(path())
    if (clash.meet(start.value, form.value, of(theirs.value))) return true
    start.value = of(theirs.value)
    busy.value = false
    await save()
    return true
  }
  async function save(): Promise<void> {
    if (busy.value || !dirty.value) return
    busy.value = true
    problem.value = null
    try {
      const params = { path: { id: corp.value.id }, header: { 'If-Match': version } }
      const now = await data(api.PATCH('/api/v1/corps/{id}', { params, body: edit(form.value, start.value) }))
      queries.setQueryData(['corps', now.id], now)
      take(now)
      toast(t('setup.saved'))
      void refresh('corps', 'all')
      await refresh('setup')
      saved()
    } catch (error) {
      const what = as_problem(error)
      if (what.status === 412 && (await meet())) return
      problem.value = what
      await nextTick() // the form's foot says what was refused, the field's own line what is wrong with it
      document.querySelector<HTMLElement>('.setup-panel [aria-invalid=true]')?.focus()
    } finally {
      busy.value = false
    }
  }
  return {
    form,
    dirty,
    busy,
    problem,
    clash,
    save,
    reset: () => take(corp.value),
    take_theirs: () => {
      clash.drop()
      if (theirs.value) queries.setQueryData(['corps', theirs.value.id], theirs.value)
      if (theirs.value) take(theirs.value)
    },
    keep: (choice: Choice) => {
      form.value = clash.settle(choice)
      if (theirs.value) start.value = of(theirs.value)
      if (dirty.value) void save()
      else reset_to(theirs.value)
    },
  }
}
export type CorpForm = Pick<ReturnType<typeof use_corp_form>, 'busy' | 'dirty' | 'problem' | 'reset' | 'take_theirs' | 'keep'> & { clash: { met: Ref<unknown>; rows: Ref<ClashRow[]> } }
