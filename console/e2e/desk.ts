import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'
import { Client } from './client'
import type { Role } from './roles'

/** The browser side: pages of somebody signed in, and all that went wrong in them. */

export const full = process.env.LEADBRIDGE_FULL === '1'

export interface World {
  origin: string
  password: string
  /** The channel whose people were scanned before the first spec. */
  channel: { id: string; state: string; name: string }
  /** One record of each detail page. */
  ids: Record<'contacts' | 'channels' | 'sources' | 'segments' | 'pushes', string>
}
declare module 'vitest' {
  interface ProvidedContext {
    world: World
  }
}
export const world = () => inject('world')

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']
let browser: Browser | undefined
const open: BrowserContext[] = []

/** To be called once in each spec file. */
export function use_browser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args })
  })
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await keep_pictures(task.name)
    for (const one of open.splice(0)) await one.close()
  })
  afterAll(() => browser?.close())
}

/** What the pages of a failed case looked like: in LEADBRIDGE_SHOTS, when that is set. */
async function keep_pictures(name: string): Promise<void> {
  const folder = process.env.LEADBRIDGE_SHOTS
  if (!folder) return
  const pages = open.flatMap((context) => context.pages())
  for (const [at, page] of pages.entries()) {
    const path = join(folder, `${name.replace(/[^\p{L}\p{N}]+/gu, '_').slice(0, 60)}-${at}.png`)
    await page.screenshot({ path, timeout: 5000 }).then(() => console.log(`       ${path} ${page.url()}`), () => undefined)
  }
}

const clients = new Map<string, Promise<Client>>()
export function client(role: Role = 'admin'): Promise<Client> {
  let made = clients.get(role)
  if (!made) {
    made = (async () => {
      const one = new Client(world().origin)
      await one.sign_in(role, world().password)
      return one
    })()
    clients.set(role, made)
  }
  return made
}

export interface Tab {
  page: Page
  /** Console errors, uncaught errors and CSP violations, in order. */
  faults: string[]
}
export interface Look {
  lang?: 'zh' | 'en'
  theme?: 'light' | 'dark'
}

/** A browser of its own, signed in as `who`, or nobody. */
export async function visitor(who: Role | Client | null = 'admin', options: BrowserContextOptions = {}): Promise<BrowserContext> {
  if (!browser) throw new Error('use_browser() is missing')
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block', ...options })
  open.push(context)
  context.setDefaultTimeout(60_000) // a loaded machine with a slow build is no fault of the page
  const signed = typeof who === 'string' ? await client(who) : who
  if (signed) await context.addCookies(signed.cookies())
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP ${event.violatedDirective} ${event.blockedURI}`))
  })
  return context
}

export async function tab_of(context: BrowserContext, look: Look = {}): Promise<Tab> {
  const page = await context.newPage()
  const faults: string[] = []
  page.on('console', (line) => line.type() === 'error' && faults.push(`${line.text()} ${line.location().url}`))
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.message}`))
  await page.addInitScript((ui) => localStorage.setItem('lb.ui', JSON.stringify({ ...ui, ...JSON.parse(localStorage.getItem('lb.ui') ?? '{}') })), { lang: 'zh', theme: 'light', ...look })
  return { page, faults }
}

/** `visitor` and one tab on `path`. */
export async function visit(path: string, who: Role | Client | null = 'admin', options: BrowserContextOptions = {}, origin = world().origin): Promise<Tab> {
  const tab = await tab_of(await visitor(who, options))
  await go(tab.page, path, origin)
  return tab
}

export async function go(page: Page, path: string, origin = world().origin): Promise<void> {
  await page.goto(`${origin}/console${path}`, { waitUntil: 'load' })
  await page.locator('h1, #main .state').first().waitFor()
}

/** Nothing but what was to be expected went wrong. */
export function expect_calm(tab: Tab, ...expected: RegExp[]): void {
  expect(tab.faults.filter((fault) => !expected.some((one) => one.test(fault)))).toEqual([])
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const files = new Map<string, any>()
function words_of(lang: string, space: string): any {
  const shared = here(`../lib/i18n/${lang}.json`)
  const own = [`../desk/src/pages/${space}/${lang}.json`, `../desk/src/${space}/${lang}.json`].map(here).find(existsSync)
  const read = (file: string) => {
    if (!files.has(file)) files.set(file, JSON.parse(readFileSync(file, 'utf8')))
    return files.get(file)
  }
  return own ? { ...read(shared), [space]: read(own) } : read(shared)
}

/** A text of the console by its key, so that a better wording breaks no spec. */
export function t(key: string, values: Record<string, string | number> = {}, lang: 'zh' | 'en' = 'zh'): string {
  const path = key.split('.')
  const text = path.reduce((at: any, word) => at?.[word], words_of(lang, path[0] as string))
  if (typeof text !== 'string') throw new Error(`no text ${key}`)
  return text.replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all))
}
