import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { client, expect_calm, full, go, t, tab_of, use_browser, visit, visitor, world } from '../desk'
import { may, page_specs, route_roles } from '../pages'
import { roles, type Role } from '../roles'
import { sign_in_by_page } from '../steps'

use_browser()

/** Buttons and links that write, on the page they stand on, with the route they call. */
const acts: Record<string, [route: string, find: (page: Page) => ReturnType<Page['locator']>][]> = {
  contacts: [['post /api/v1/bulk', (page) => page.getByLabel(t('grid.select_page'))]],
  contact: [
    ['post /api/v1/contacts/{id}/notes', (page) => page.getByPlaceholder(t('contacts.note_hint'))],
    ['patch /api/v1/contacts/{id}', (page) => page.getByRole('button', { name: t('contacts.edit_do'), exact: true })],
    ['put /api/v1/contacts/{id}/tags', (page) => page.getByRole('button', { name: new RegExp(`^${t('contacts.tags')}`) })],
  ],
  channels: [['post /api/v1/channels', (page) => page.getByRole('link', { name: t('channels.add') })]],
  channel: [
    ['patch /api/v1/channels/{id}', (page) => page.getByRole('link', { name: t('channels.edit'), exact: true })],
    ['delete /api/v1/channels/{id}', (page) => page.getByRole('button', { name: t('channels.drop'), exact: true })],
  ],
  sources: [['post /api/v1/sources', (page) => page.getByRole('link', { name: t('sources.add') })]],
  segments: [['post /api/v1/segments', (page) => page.getByRole('link', { name: t('segments.add') })]],
  segment: [['patch /api/v1/segments/{id}', (page) => page.getByRole('button', { name: t('do.save'), exact: true })]],
  tags: [['post /api/v1/tags', (page) => page.getByRole('button', { name: t('tags.add'), exact: true })]],
  pushes: [['post /api/v1/pushes', (page) => page.getByRole('link', { name: t('pushes.add') })]],
  push: [['patch /api/v1/pushes/{id}', (page) => page.getByRole('link', { name: t('pushes.edit'), exact: true })]],
  system: [['post /api/v1/sync', (page) => page.getByRole('button', { name: t('system.sync_now'), exact: true })]],
}

/** What home begins with, by role: the cards of the wide column. */
const first: Record<Role, string[]> = {
  admin: ['home.card.health', 'home.unanswered', 'home.new_leads'],
  manager: ['home.unassigned', 'home.unanswered', 'home.new_leads'],
  sales: ['home.unanswered', 'home.new_leads'],
  marketing: ['home.card.sending', 'home.card.channels'],
  service: ['home.unanswered', 'home.new_leads'],
  compliance: ['home.card.archive', 'home.card.health'],
  readonly: ['home.stock'],
}

async function ids_of(role: Role) {
  const own = (await (await client(role)).get('contacts?limit=1')).items[0]
  return { ...world().ids, ...(own && { contacts: own.id }) }
}

async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  await page.locator('.skeleton').first().waitFor({ state: 'detached' })
}

describe.each(roles)('as %s', (role) => {
  it('signs in by the page and sees only pages it may open', async () => {
    const tab = await visit('/login', null)
    const { page } = tab
    await sign_in_by_page(page, role)
    const wide = page.locator('#main .columns > .stack').first().locator('.card h2')
    await expect.poll(() => wide.allInnerTexts()).toEqual(first[role].map((key) => t(key)))
    expect(await page.locator('#main .home-feed').innerText()).not.toMatch(/\b[a-z]+_[a-z]+\b/) // a kind without its words
    if (role === 'readonly') await page.getByRole('region', { name: t('home.today') }).getByText(t('home.adds')).waitFor()
    const wanted = Object.values(page_specs).flatMap((one) => (one.menu && may(role, one.route) ? [one.menu.zh] : []))
    const menu = page.getByRole('navigation', { name: t('app.menu') })
    if (may(role, 'get /api/v1/sandbox')) await menu.getByRole('link', { name: '沙盒', exact: true }).waitFor() // comes after a question of its own
    await settled(page)
    expect((await menu.locator('.nav-list a').allInnerTexts()).map((text) => text.trim()).sort()).toEqual(wanted.sort())

    const ids = await ids_of(role)
    const seen: string[] = []
    // In the bounded set one role walks, over the pages with an action and those they may not open.
    const walks = full || role === 'sales'
    const pages = Object.entries(page_specs).filter(([name, one]) => full || (walks && (!may(role, one.route) || name in acts)))
    for (const [name, one] of pages) {
      await go(page, one.path(ids))
      await settled(page)
      const refused = (await page.locator('#main .state-title', { hasText: t('state.forbidden') }).count()) > 0
      if (refused === may(role, one.route)) seen.push(`${name}: ${refused ? 'refused' : 'shown'}`)
      if (refused) continue
      for (const [route, find] of acts[name] ?? []) {
        const shown = (await find(page).count()) > 0
        if (shown !== may(role, route)) seen.push(`${name}: ${route} is ${shown ? 'offered' : 'not offered'}`)
      }
    }
    expect(seen).toEqual([])
    // What a page asks for is what the role may have: a refused call would be an error in the console.
    expect_calm(tab, /status of 429/)
  })

  it('is refused by the server where the table says so', async () => {
    const own = await client(role)
    const wrong: string[] = []
    for (const [route, allowed] of route_roles) {
      const [method, path] = route.split(' ') as [string, string]
      if (path.includes('/machine/') || path.includes('/auth/') || path.endsWith('openapi.json')) continue
      if (allowed.has(role) && method !== 'get') continue // it would be done
      const answer = await own.raw(method.toUpperCase(), path.replace(/\{\w+\}/g, '1'), method === 'get' ? undefined : {})
      if ((answer.status === 403) === allowed.has(role) || answer.status === 401) wrong.push(`${route}: ${answer.status}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('home for marketing', () => {
  it('shows how far a push is that is being sent', async () => {
    const id = world().ids.pushes
    const one = await (await client('marketing')).get(`pushes/${id}`)
    const context = await visitor('marketing')
    await context.route(/\/api\/v1\/pushes\?.*status=sending/, (route) => route.fulfill({ json: { items: [{ ...one, status: 'sending' }], next_cursor: null } }))
    await context.route(new RegExp(`/api/v1/pushes/${id}$`), (route) => route.fulfill({ json: { ...one, status: 'sending', counts: { ...one.counts, planned: 10, delivered: 4, not_friend: 1, waiting: 5 } } }))
    const tab = await tab_of(context)
    await go(tab.page, '/home')
    const card = tab.page.locator('.card', { has: tab.page.getByRole('heading', { name: t('home.card.sending') }) })
    const bar = card.getByRole('progressbar', { name: one.name })
    await expect.poll(() => bar.evaluate((node) => [(node as HTMLProgressElement).value, (node as HTMLProgressElement).max])).toEqual([5, 10])
    await card.getByText(t('pushes.sum', { delivered: 4, planned: 10 })).waitFor()
    expect_calm(tab)
  })
})

describe('what is refused', () => {
  const words = () => t('people.lacks', { what: t('people.may.audit_read'), role: t('role.sales') })

  it('names the missing permission in words where the page is not to be opened', async () => {
    const tab = await visit('/audit', 'sales')
    await tab.page.locator('#main .state').getByText(words()).waitFor()
    expect(await tab.page.locator('#main').innerText()).not.toContain('audit.read')
    expect_calm(tab)
  })

  it('and where the server refuses a part of it', async () => {
    const refusal = await (await client('sales')).raw('GET', '/api/v1/audit')
    expect(refusal.status).toBe(403)
    const context = await visitor('sales')
    await context.route(/\/api\/v1\/home/, (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(refusal.body) }))
    const tab = await tab_of(context)
    await go(tab.page, '/home')
    await tab.page.locator('#main .state').getByText(words()).first().waitFor()
    expect(await tab.page.locator('#main').innerText()).not.toContain('audit.read')
    expect_calm(tab, /status of 403/)
  })
})
