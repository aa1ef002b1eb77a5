import { preset_of } from './presets'

/**
 * The map of a source as the form edits it. A place is a JSON pointer, several pointers that are joined ("/form + /entry/number"), a
 * header ("header:X-Id", only for the id), or else the title or id of a question. What nobody touched goes back as it came.
 */
export const lead_fields = ['name', 'phone', 'email', 'company', 'unionid', 'external_userid', 'openid', 'state', 'id', 'submitted_at', 'form_name'] as const
export type LeadField = (typeof lead_fields)[number]
export type SourceMap = Record<string, unknown>

export interface FieldRow {
  /** Empty: as the preset does. */
  places: string[]
  /** Read nowhere, whatever the preset says. */
  off: boolean
}
export interface MapForm {
  rows: Record<LeadField, FieldRow>
  answers: string
  labels: string
  omit: string
  time_format: string
  time_zone: string
  unpack: string
  skip_pointer: string
  skip_values: string
}

export const is_pointer = (text: string) => text.startsWith('/') || text.startsWith('header:')
const join_mark = / \+ (?=\/|header:)/
export const parts_of = (place: string): string[] => place.split(join_mark).map((part) => part.trim())

const list_of = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value])
const object_of = (value: unknown): Record<string, unknown> => (value && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {})

export function places_of(map: SourceMap, field: string): string[] {
  const pointers = list_of(map[field]).map((one) => (Array.isArray(one) ? one.map(String).join(' + ') : String(one)))
  return [...pointers, ...list_of(object_of(map.questions)[field]).map(String)]
}

const lines = (value: unknown): string => list_of(value).map(String).join('\n')
const of_lines = (text: string): string[] => text.split('\n').map((line) => line.trim()).filter(Boolean)

function row_of(map: SourceMap, field: string): FieldRow {
  const places = places_of(map, field)
  return { places, off: field in map && places.length === 0 }
}

export function form_of_map(map: SourceMap): MapForm {
  const skip = object_of(map.skip)
  return {
    rows: Object.fromEntries(lead_fields.map((field) => [field, row_of(map, field)])) as Record<LeadField, FieldRow>,
    answers: lines(map.answers),
    labels: Object.entries(object_of(map.labels))
      .map(([id, label]) => `${id} = ${String(list_of(label)[0] ?? '')}`)
      .join('\n'),
    omit: lines(map.omit),
    time_format: typeof map.time_format === 'string' ? map.time_format : '',
    time_zone: typeof map.time_zone === 'string' ? map.time_zone : '',
    unpack: lines(map.unpack),
    skip_pointer: typeof skip.pointer === 'string' ? skip.pointer : '',
    skip_values: lines(skip.values),
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

export function map_of_form(form: MapForm, before: SourceMap): SourceMap {
  const was = form_of_map(before)
  const map: SourceMap = { ...before }
  const questions = { ...object_of(before.questions) }
  const put = (key: string, value: unknown, keep: boolean) => {
    if (keep) map[key] = value
    else delete map[key]
  }
  for (const field of lead_fields) {
    const row = form.rows[field]
    if (same(row, was.rows[field])) continue
    const places = row.places.map((place) => place.trim()).filter(Boolean)
    const pointers = places.filter(is_pointer).map((place) => {
      const parts = parts_of(place)
      return parts.length > 1 ? parts : (parts[0] as string)
    })
    const asked = places.filter((place) => !is_pointer(place))
    const alone = pointers.length === 1 && typeof pointers[0] === 'string'
    put(field, alone ? pointers[0] : pointers, pointers.length > 0 || (row.off && asked.length === 0))
    if (asked.length) questions[field] = asked
    else delete questions[field]
  }
  put('questions', questions, Object.keys(questions).length > 0)
  for (const key of ['answers', 'omit', 'unpack'] as const) {
    if (form[key] === was[key]) continue
    const list = of_lines(form[key])
    put(key, list.length === 1 && key === 'answers' ? list[0] : list, list.length > 0)
  }
  if (form.labels !== was.labels) {
    const pairs = of_lines(form.labels).map((line) => {
      const at = line.indexOf('=')
      return at < 0 ? [line, line] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    })
    const named = pairs.filter(([id, label]) => id && label)
    put('labels', Object.fromEntries(named), named.length > 0)
  }
  for (const key of ['time_format', 'time_zone'] as const) if (form[key] !== was[key]) put(key, form[key].trim(), form[key].trim() !== '')
  if (form.skip_pointer !== was.skip_pointer || form.skip_values !== was.skip_values) {
    const values = of_lines(form.skip_values)
    put('skip', { pointer: form.skip_pointer.trim(), values }, values.length > 0)
  }
  return map
}

/** Where the server looks for a field, first place first: what the form says, else the preset. */
export function effective_places(form: MapForm, field: LeadField, kind: string): string[] {
  const row = form.rows[field]
  if (row.off) return []
  const own = row.places.map((place) => place.trim()).filter(Boolean)
  const preset = preset_places(kind, field)
  const pick = (from: string[], pointers: boolean) => from.filter((place) => is_pointer(place) === pointers)
  const pointers = pick(own, true)
  const asked = pick(own, false)
  return [...(pointers.length ? pointers : pick(preset, true)), ...(asked.length ? asked : pick(preset, false))]
}
export const preset_places = (kind: string, field: LeadField): string[] => places_of(preset_of(kind).map, field)
/** A preset's questions stay whatever the map says, so such a field cannot be left out. */
export const may_leave_out = (kind: string, field: LeadField): boolean => {
  const places = preset_places(kind, field)
  return places.length > 0 && places.every(is_pointer)
}

/** Reads a body as the server does (connectors/forms/form_body.cpp): JSON by its first character, else form pairs. Undefined: neither. */
export function parse_sample(text: string): unknown {
  const body = text.replace(/^\uFEFF/, '').trim()
  if (!body) return undefined
  if (body.startsWith('{') || body.startsWith('[')) {
    try {
      return JSON.parse(body) as unknown
    } catch {
      return undefined
    }
  }
  const out: Record<string, unknown> = {}
  for (const pair of body.split('&').filter(Boolean)) {
    const at = pair.indexOf('=')
    if (at < 0) return undefined
    try {
      const [key, value] = [pair.slice(0, at), pair.slice(at + 1)].map((one) => decodeURIComponent(one.replace(/\+/g, ' '))) as [string, string]
      out[key] = key in out ? [...list_of(out[key]), value] : value
    } catch {
      return undefined
    }
  }
  return out
}

export function value_at(root: unknown, pointer: string): unknown {
  if (pointer === '') return root
  let now = root
  for (const part of pointer.slice(1).split('/')) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~')
    if (Array.isArray(now)) now = /^\d+$/.test(key) ? now[Number(key)] : undefined
    else if (now && typeof now === 'object') now = Object.hasOwn(now, key) ? (now as Record<string, unknown>)[key] : undefined
    else return undefined
  }
  return now
}

export function flat_text(value: unknown, depth = 0): string {
  if (value === null || value === undefined || depth > 6) return ''
  if (Array.isArray(value)) return value.map((one) => flat_text(one, depth + 1)).filter(Boolean).join(', ')
  if (typeof value === 'object') return Object.values(value).map((one) => flat_text(one, depth + 1)).filter(Boolean).join(' ')
  return String(value)
}

/** Texts that hold JSON become what they hold. */
export function unpacked(root: unknown, form: MapForm, kind: string): unknown {
  const own = of_lines(form.unpack)
  const pointers = own.length ? own : list_of(preset_of(kind).map.unpack).map(String)
  let copy: unknown = pointers.length ? (JSON.parse(JSON.stringify(root)) as unknown) : root
  for (const pointer of pointers) {
    const text = value_at(copy, pointer)
    if (typeof text !== 'string') continue
    const inner = parse_json(text)
    if (inner === undefined) continue
    const cut = pointer.lastIndexOf('/')
    const parent = value_at(copy, pointer.slice(0, cut))
    if (pointer === '') copy = inner
    else if (parent && typeof parent === 'object') (parent as Record<string, unknown>)[pointer.slice(cut + 1).replace(/~1/g, '/').replace(/~0/g, '~')] = inner
  }
  return copy
}
function parse_json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export interface Answer {
  id: string
  question: string
  answer: string
}
function answers_in(value: unknown, depth = 0): Answer[] {
  if (depth > 6) return []
  if (Array.isArray(value)) {
    return value.flatMap((item, at): Answer[] => {
      if (!item || typeof item !== 'object') return [{ id: String(at + 1), question: String(at + 1), answer: flat_text(item) }]
      const one = item as Record<string, unknown>
      const nested = ['questions', 'groups', 'items'].map((key) => one[key]).find((list) => Array.isArray(list) && list.length > 0)
      if (nested) return answers_in(nested, depth + 1)
      const first = (keys: string[]) => keys.map((key) => one[key]).find((found) => found !== undefined && found !== null)
      const question = first(['question', 'title', 'label', 'name', 'id', 'type'])
      if (question === undefined) return []
      const options = Array.isArray(one.options) && one.options.length ? one.options : null
      const chosen = options?.map((option: unknown) => {
        const choice = object_of(option)
        if (Object.keys(choice).length === 0) return option
        return choice.checked === false ? '' : (choice.text ?? choice.label ?? choice.value ?? choice.name)
      })
      return [{ id: flat_text(first(['id', 'key', 'type'])), question: flat_text(question), answer: flat_text(chosen ?? first(['answer', 'value', 'text'])) }]
    })
  }
  return Object.entries(object_of(value)).map(([key, one]) => ({ id: key, question: key, answer: flat_text(one) }))
}
export function answers_of(root: unknown, form: MapForm, kind: string): Answer[] {
  const own = of_lines(form.answers)
  const pointers = own.length ? own : list_of(preset_of(kind).map.answers).map(String)
  const found = pointers.map((pointer) => value_at(root, pointer)).find((value) => value !== undefined)
  return answers_in(found).filter((one) => one.answer)
}

export function omitted_of(form: MapForm, kind: string): string[] {
  const own = of_lines(form.omit)
  return own.length ? own : list_of(preset_of(kind).map.omit).map(String)
}

/** What one place yields in the sample; headers are not part of a sample. */
export function text_at(root: unknown, answers: Answer[], place: string): string {
  if (!is_pointer(place)) return answers.find((one) => one.id === place || one.question === place)?.answer.trim() ?? ''
  const parts = parts_of(place).map((part) => (part.startsWith('header:') ? '' : flat_text(value_at(root, part)).trim()))
  return parts.every(Boolean) ? parts.join('/') : ''
}

export interface Leaf {
  pointer: string
  text: string
}
export const most_leaves = 200
/** Every value of a sample with the pointer to it; also a list of plain values as one. */
export function leaves_of(root: unknown, at = '', out: Leaf[] = []): Leaf[] {
  if (out.length >= most_leaves || at.split('/').length > 9) return out
  const plain = (value: unknown) => value === null || typeof value !== 'object'
  if (plain(root) || (Array.isArray(root) && root.every(plain))) {
    if (at && flat_text(root)) out.push({ pointer: at, text: flat_text(root) })
    return out
  }
  for (const [key, value] of Object.entries(root as object)) leaves_of(value, `${at}/${key.replace(/~/g, '~0').replace(/\//g, '~1')}`, out)
  return out
}

/** Phone numbers and addresses that intake would drop (crm/contacts/identity.cpp). */
export function usable_phone(text: string): boolean {
  const narrow = text.normalize('NFKC').trim()
  if (!/^\+?[\d\s().-]+$/.test(narrow)) return false
  const digits = narrow.replace(/\D/g, '').replace(/^00/, '')
  return digits.length >= 7 && digits.length <= 17 && !/^(\d)\1*$/.test(digits)
}
export const usable_email = (text: string): boolean => /^[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+$/.test(text.normalize('NFKC').trim())

/** A place the server would refuse. */
export const bad_place = (place: string, field: LeadField): boolean => parts_of(place.trim()).some((part) => part.startsWith('header:') && field !== 'id')
export const bad_pointers = (text: string): boolean => of_lines(text).some((line) => !line.startsWith('/'))
