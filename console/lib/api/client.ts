import createClient from 'openapi-fetch'
import { Problem, problem_of } from './problem'
import type { components, paths } from './schema'

export { Problem, as_problem } from './problem'

/** A type of the description by its name: `Schema<'Contact'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name]

/** What the session module hangs in; see lib/api/session.ts. */
export const door = {
  csrf_token: '',
  corp: '',
  /** Asked on 401: resolves true when somebody signed in again, then the request is sent once more. */
  sign_in_again: null as null | (() => Promise<boolean>),
}

export function new_key(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)) // randomUUID is missing on plain http
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

const etags = new Map<string, string>()

/** The version of a record that was read last; keep it when a form opens and send it as If-Match. */
export function etag_of(path: string): string {
  return etags.get(path) ?? ''
}

function keep_etag(request: Request, response: Response): void {
  const tag = response.headers.get('ETag')
  const path = new URL(request.url).pathname
  if (tag) etags.set(path, tag)
  else if (request.method === 'DELETE') etags.delete(path)
  if (etags.size > 500) etags.delete(etags.keys().next().value as string)
}

function dress(request: Request): void {
  const headers = request.headers
  if (!headers.has('Accept')) headers.set('Accept', 'application/json')
  if (door.corp && !headers.has('X-LeadBridge-Corp')) headers.set('X-LeadBridge-Corp', door.corp)
  if (request.method === 'GET' || request.method === 'HEAD') return
  if (door.csrf_token) headers.set('X-CSRF-Token', door.csrf_token)
  if (request.method === 'POST' && !headers.has('Idempotency-Key')) headers.set('Idempotency-Key', new_key())
}

async function once(request: Request, where: string): Promise<Response> {
  dress(request)
  try {
    return await fetch(request)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new Problem({ status: 0, code: 'offline', detail: String(error) }, where)
  }
}

/** The one way out: headers, signing in again on 401, refusals as Problem. */
export async function send(request: Request): Promise<Response> {
  const path = new URL(request.url).pathname
  const where = `${request.method} ${path}`
  const again = request.clone()
  let response = await once(request, where)
  if (response.status === 401 && door.sign_in_again && !path.startsWith('/api/v1/auth/')) {
    if (await door.sign_in_again()) response = await once(again, where)
  }
  if (!response.ok && response.status !== 304) throw await problem_of(response, where)
  keep_etag(request, response)
  return response
}

/** Every route of gateway/openapi.json, typed. Refusals are thrown as Problem, so `error` is never set. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? '', fetch: send })

/** `await data(api.GET('/api/v1/contacts', { params: { query } }))` */
export async function data<T>(answer: Promise<{ data?: T; response: Response }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>
}

export interface Loose {
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/** A route that the description does not have yet, under /api/v1: `await call<Me>('GET', 'me')`. Prefer `api`. */
export async function call<T>(method: string, path: string, options: Loose = {}): Promise<T> {
  const url = new URL(`/api/v1/${path}`, globalThis.location.origin)
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, String(value))
  }
  const headers = new Headers(options.headers)
  const raw = options.body instanceof Blob
  if (options.body !== undefined && !raw) headers.set('Content-Type', 'application/json')
  const body = options.body === undefined ? null : raw ? (options.body as Blob) : JSON.stringify(options.body)
  const response = await send(new Request(url, { method, headers, body, signal: options.signal ?? null }))
  if (response.status === 204 || response.headers.get('Content-Length') === '0') return undefined as T
  return (await response.json()) as T
}
