import { has_free_text, type Condition } from '@lib/conditions'

/**
 * How a list is looked at, in the address: ?view=&f=&s=&sort=&cols=&id=&size=. Filters carry ids; what somebody typed (a search, a
 * name) is personal: it stays in this tab's storage and the address holds only its key.
 */
export interface ViewState {
  view: string
  condition: Condition | null
  q: string
  sort: string
  /** Null: the page's own columns. */
  columns: Column[] | null
  id: string
  size: number
}

export interface Column {
  key: string
  /** Pixels; absent: the column's own. */
  width?: number
}

export const page_sizes = [25, 50, 100, 200] as const
export const start_state: ViewState = { view: '', condition: null, q: '', sort: '', columns: null, id: '', size: 50 }

/** Where typed words are kept: sessionStorage in the browser. */
export interface Drawer {
  put(text: string): string
  get(key: string): string | null
}

function pack(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

function unpack(text: string): unknown {
  try {
    const raw = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(raw, (letter) => letter.charCodeAt(0))))
  } catch {
    return null
  }
}

const is_condition = (value: unknown): value is Condition => typeof value === 'object' && value !== null && !Array.isArray(value)

export function encode_columns(columns: Column[] | null): string {
  return (columns ?? []).map((column) => (column.width ? `${column.key}:${Math.round(column.width)}` : column.key)).join(',')
}

export function decode_columns(text: string): Column[] | null {
  if (!text) return null
  const columns = text.split(',').flatMap((part): Column[] => {
    const found = /^([a-z0-9_.]+)(?::(\d{2,4}))?$/i.exec(part)
    return found?.[1] ? [found[2] ? { key: found[1], width: Number(found[2]) } : { key: found[1] }] : []
  })
  const unique = columns.filter((column, at) => columns.findIndex((one) => one.key === column.key) === at)
  return unique.length ? unique : null
}

/** Only what differs from `start` is written. */
export function encode_view(state: ViewState, drawer: Drawer, start: ViewState = start_state): Record<string, string> {
  const out: Record<string, string> = {}
  if (state.view) out.view = state.view
  if (state.condition) out.f = has_free_text(state.condition) ? `~${drawer.put(JSON.stringify(state.condition))}` : pack(state.condition)
  if (state.q) out.s = drawer.put(state.q)
  if (state.sort && state.sort !== start.sort) out.sort = state.sort
  if (state.columns) out.cols = encode_columns(state.columns)
  if (state.id) out.id = state.id
  if (state.size !== start.size) out.size = String(state.size)
  return out
}

export function decode_view(query: Record<string, unknown>, drawer: Drawer, start: ViewState = start_state): ViewState {
  const word = (name: string) => (typeof query[name] === 'string' ? query[name] : '')
  const f = word('f')
  const filter: unknown = f.startsWith('~') ? json_of(drawer.get(f.slice(1))) : f ? unpack(f) : null
  const size = Number(word('size'))
  return {
    view: word('view'),
    condition: is_condition(filter) ? filter : null,
    q: word('s') ? (drawer.get(word('s')) ?? '') : '',
    sort: /^-?[a-z_]+$/.test(word('sort')) ? word('sort') : start.sort,
    columns: decode_columns(word('cols')),
    id: /^[\w-]+$/.test(word('id')) ? word('id') : '',
    size: (page_sizes as readonly number[]).includes(size) ? size : start.size,
  }
}

function json_of(text: string | null): unknown {
  try {
    return text ? JSON.parse(text) : null
  } catch {
    return null
  }
}

/** Typed words of this tab; the same words get the same key, so that going back finds them. */
export const tab_drawer: Drawer = {
  put(text) {
    const key = hash(text)
    try {
      sessionStorage.setItem(`lb.q.${key}`, text)
    } catch {
      // storage is full or blocked: the filter works, only a reload forgets it
    }
    return key
  },
  get(key) {
    try {
      return sessionStorage.getItem(`lb.q.${key}`)
    } catch {
      return null
    }
  },
}

/** Salted, so that an address does not tell which words it stands for. */
function hash(text: string): string {
  let salt = sessionStorage.getItem('lb.q')
  if (!salt) {
    salt = Math.random().toString(36).slice(2)
    sessionStorage.setItem('lb.q', salt)
  }
  let a = 0x811c9dc5
  let b = 0x1000193
  for (const letter of salt + text) {
    const code = letter.codePointAt(0) ?? 0
    a = Math.imul(a ^ code, 0x01000193) >>> 0
    b = Math.imul(b + code, 0x85ebca6b) >>> 0
  }
  return a.toString(36) + b.toString(36)
}
