import type { BrowserContext, Page, Route } from 'playwright-core'

/** What can go wrong between a page and its server, put in between by the browser. Each answers a function that ends it. */

const api = /\/api\/v1\/(?!me$|auth\/|live|openapi)/

async function put(page: Page | BrowserContext, act: (route: Route) => Promise<void>): Promise<() => Promise<void>> {
  // A page that is left takes its requests with it.
  const safe = (route: Route) => act(route).catch((error: unknown) => {
    if (!/closed|disposed|already handled/i.test(String(error))) throw error
  })
  await page.route(api, safe)
  return () => page.unroute(api, safe)
}

export function slow(page: Page | BrowserContext, ms: number): Promise<() => Promise<void>> {
  return put(page, async (route) => {
    await new Promise((done) => setTimeout(done, ms))
    await route.continue()
  })
}

export const fault_id = 'e2e-request'

function refusal(status: number, code: string, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ type: 'about:blank', title: code, status, code, detail: '', request_id: fault_id })
  return { status, contentType: 'application/problem+json', headers, body }
}

/** Every call is refused with this status, as the gateway refuses. */
export function refuse(page: Page | BrowserContext, status: number, code: string): Promise<() => Promise<void>> {
  return put(page, (route) => route.fulfill(refusal(status, code)))
}

/** Calls whose address fits the pattern are refused, all others reach the server. `wait`: the seconds of Retry-After. */
export function refuse_only(page: Page | BrowserContext, pattern: RegExp, status: number, code: string, wait = 0): Promise<() => Promise<void>> {
  const answer = refusal(status, code, wait ? { 'Retry-After': String(wait) } : {})
  return put(page, (route) => (pattern.test(route.request().url()) ? route.fulfill(answer) : route.fallback()))
}

function emptied(value: any): any {
  if (Array.isArray(value?.items)) return { ...value, items: [], next_cursor: null, ...('total' in value && value.total && { total: { value: 0, relation: 'eq' } }) }
  if (Array.isArray(value?.columns)) return { ...value, columns: value.columns.map((one: any) => ({ ...one, items: [], next_cursor: null, total: { value: 0, relation: 'eq' } })) }
  return value
}

/** Every list comes back with nothing in it; single records stay. */
export function empty(page: Page | BrowserContext): Promise<() => Promise<void>> {
  return put(page, async (route) => {
    const answer = await route.fetch()
    if (!(answer.headers()['content-type'] ?? '').includes('json')) return route.fulfill({ response: answer })
    await route.fulfill({ response: answer, json: emptied(await answer.json()) })
  })
}

export interface LiveLine {
  /** Sockets that were opened so far. */
  opened: number
  cut: () => Promise<void>
  mend: () => void
}

/** Stands between the browser and the live channel: counts its sockets, cuts them and lets no new one come until mended. */
export async function live_line(context: BrowserContext): Promise<LiveLine> {
  const open = new Set<{ close: () => Promise<void> }>()
  let whole = true
  const line: LiveLine = {
    opened: 0,
    async cut() {
      whole = false
      for (const one of open) await one.close()
      open.clear()
    },
    mend: () => void (whole = true),
  }
  await context.routeWebSocket(/\/api\/v1\/live$/, (socket) => {
    line.opened += 1
    if (!whole) return void socket.close()
    socket.connectToServer()
    open.add(socket)
  })
  return line
}
