import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { client, expect_calm, full, go, t, tab_of, use_browser, visit, visitor, world } from '../desk'
import { empty, fault_id, live_line, refuse, refuse_only, slow } from '../faults'
import { page_specs, type PageSpec } from '../pages'
import { eventually } from '../server'
import { field, sign_in_by_page } from '../steps'

use_browser()

const main = (page: Page) => page.locator('#main')
const waits = (page: Page) => main(page).locator('.skeleton-line')
async function rest(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle')
  await expect.poll(() => main(page).locator('.skeleton').count(), { message: 'skeletons that stay', timeout: 20_000 }).toBe(0)
}
const shown = (page: Page, text: string) => main(page).getByText(text).first().waitFor()

/** The bounded set: a list, a record, a page of several cards. */
const pages = Object.entries(page_specs).filter(([name]) => full || ['leads', 'contact', 'push'].includes(name))

describe.each(pages)('%s', (_name, spec: PageSpec) => {
  const path = () => spec.path(world().ids)

  it('shows its content', async () => {
    const tab = await visit(path())
    await rest(tab.page)
    expect(await main(tab.page).locator('.state.bad, .state.warn').allInnerTexts()).toEqual([])
    expect_calm(tab)
  })

  it.runIf(spec.empty)('says why it is empty', async () => {
    const context = await visitor()
    await empty(context)
    const tab = await tab_of(context)
    await go(tab.page, path())
    await rest(tab.page)
    await shown(tab.page, t(spec.empty ?? ''))
    expect_calm(tab)
  })

  it('waits two seconds in its place', async () => {
    const context = await visitor()
    await slow(context, 2000)
    const tab = await tab_of(context)
    const began = Date.now()
    await go(tab.page, path())
    if (!spec.form) await waits(tab.page).first().waitFor({ timeout: 1900 - Math.min(1000, Date.now() - began) + 1000 })
    await rest(tab.page)
    expect(await main(tab.page).locator('.state.bad').count()).toBe(0)
    expect_calm(tab)
  })

  it('tells a failure of the server and goes on after it', async () => {
    const context = await visitor()
    const mend = await refuse(context, 500, 'internal')
    const tab = await tab_of(context)
    await go_refused(tab.page, path())
    await rest(tab.page)
    if (!spec.form) {
      await shown(tab.page, t('error.http_500'))
      await shown(tab.page, fault_id)
      await mend()
      // Each part fails alone and is asked again alone; what a part shows may fail in turn.
      const again = main(tab.page).getByRole('button', { name: t('do.retry') })
      for (let tries = 0; tries < 12 && (await again.count()); tries += 1) {
        await again.first().click({ timeout: 1000 }).catch(() => undefined) // it may just have gone
        await rest(tab.page)
      }
      expect(await main(tab.page).locator('.state.bad').count()).toBe(0)
    }
    expect_calm(tab, /status of 500/)
  })

  it('says when it is forbidden', async () => {
    const context = await visitor()
    await refuse(context, 403, 'forbidden')
    const tab = await tab_of(context)
    await go_refused(tab.page, path())
    await rest(tab.page)
    if (!spec.form) await shown(tab.page, t('state.forbidden'))
    expect_calm(tab, /status of 403/)
  })

  it('keeps what it has when the network goes', async () => {
    const tab = await visit(path())
    await rest(tab.page)
    const before = await main(tab.page).innerText()
    await tab.page.context().setOffline(true)
    await tab.page.getByText(t('state.offline')).waitFor()
    expect((await main(tab.page).innerText()).length).toBeGreaterThanOrEqual(before.length * 0.8)
    await tab.page.context().setOffline(false)
    await tab.page.getByText(t('state.offline')).waitFor({ state: 'detached' })
    expect_calm(tab, /ERR_INTERNET_DISCONNECTED|WebSocket/)
  })
})

/** A page whose record is refused has no heading of its own. */
async function go_refused(page: Page, path: string): Promise<void> {
  await page.goto(`${world().origin}/console${path}`, { waitUntil: 'load' })
  await main(page).waitFor()
}

const card = (page: Page, key: string) => main(page).locator('.card', { has: page.getByRole('heading', { name: t(key), exact: true }) })
const late = { timeout: 60_000 }

/** A call that one card of the page lives on, that card, and a card beside it that lives on another. */
const parts: [page: keyof typeof page_specs, call: RegExp, broken: string, whole: string][] = [
  ['contact', /\/contacts\/\d+\/timeline/, 'contacts.timeline', 'contacts.friends'],
  ['contact', /\/contacts\/\d+\/messages/, 'archive.talk', 'contacts.timeline'],
  ['source', /\/inbox\b/, 'sources.posts', 'sources.about'],
  ['channel', /\/channels\/\d+\/stats/, 'channels.by_day', 'channels.code'],
]

describe('a part of a page', () => {
  it.each(full ? parts : parts.slice(0, 1))('%s: what %s answers is missing, and nothing else', async (name, call, broken, whole) => {
    const context = await visitor()
    const mend = await refuse_only(context, call, 500, 'internal')
    const tab = await tab_of(context)
    await go(tab.page, page_specs[name]!.path(world().ids))
    await rest(tab.page)
    await card(tab.page, broken).getByText(t('error.http_500')).waitFor(late)
    await card(tab.page, broken).getByText(fault_id).waitFor(late)
    await card(tab.page, whole).waitFor(late)
    expect(await main(tab.page).locator('.state.bad').count()).toBe(1)
    expect(await card(tab.page, whole).locator('.state.bad, .state.warn, .skeleton').count()).toBe(0)
    expect(await tab.page.getByRole('heading', { level: 1 }).innerText()).not.toBe('…')
    await mend()
    await card(tab.page, broken).getByRole('button', { name: t('do.retry'), exact: true }).click(late)
    await expect.poll(() => main(tab.page).locator('.state.bad').count(), late).toBe(0)
    expect_calm(tab, /status of 500/)
  })

  it.each(([[429, 'limited'], [503, 'overloaded']] as const).slice(0, full ? 2 : 1))('refused with %i and a time to wait: it counts down and asks again by itself', async (status, code) => {
    const context = await visitor()
    let asked = 0
    context.on('request', (one) => void (asked += /\/timeline/.test(one.url()) ? 1 : 0))
    // Asked three times, each after the named wait, before the card says so.
    const mend = await refuse_only(context, /\/timeline/, status, code, 4)
    const tab = await tab_of(context)
    await go(tab.page, page_specs.contact!.path(world().ids))
    const timeline = card(tab.page, 'contacts.timeline')
    await timeline.getByText(t(`error.http_${status}`)).waitFor(late)
    const seen = new Set<string>()
    const counter = timeline.getByText(new RegExp(t('state.again_in', { n: '\\d+' })))
    const numbers = async () => {
      const text = await counter.innerText({ timeout: 1000 }).catch(() => '')
      if (text) seen.add(text)
      return seen.size
    }
    await expect.poll(numbers, late).toBeGreaterThan(1)
    await mend()
    const before = asked
    await timeline.locator('.event').first().waitFor(late)
    expect(asked).toBeGreaterThan(before)
    expect_calm(tab, new RegExp(`status of ${status}`))
  })
})

describe('a session that ends while somebody writes', () => {
  it('asks for the password in place; the form stays and is saved after it', async () => {
    const admin = await client()
    const name = '过期前写好的分组'
    await admin.post('users', { name: '写到一半', role: 'marketing', password: world().password, corp: (await admin.get('corps')).items[0].id, scope: 'all' })
    const user = (await admin.get(`users?name=${encodeURIComponent('写到一半')}`)).items[0]
    const tab = await tab_of(await visitor(null))
    const { page } = tab
    await go(page, '/login')
    await sign_in_by_page(page, '写到一半')
    await go(page, '/tags')
    await page.getByRole('button', { name: t('tags.add'), exact: true }).first().click(late)
    const form = page.getByRole('dialog', { name: t('tags.add'), exact: true })
    await field(form, t('tags.group')).fill(name)
    await field(form, t('tags.name')).fill('写好的标签')
    await admin.change('DELETE', `sessions?user=${user.id}`)
    await form.getByRole('button', { name: t('do.save'), exact: true }).click()
    const again = page.getByRole('dialog', { name: t('login.again'), exact: true })
    await again.waitFor(late)
    expect(await field(page, t('tags.group')).inputValue()).toBe(name)
    expect(await again.getByLabel(t('login.name')).inputValue()).toBe('写到一半')
    await again.getByLabel(t('login.password')).fill(world().password)
    await again.getByRole('button', { name: t('login.sign_in'), exact: true }).click()
    await again.waitFor({ state: 'detached', ...late })
    await page.getByText(t('tags.created', { name: '写好的标签' })).waitFor(late)
    await eventually('the tag', async () => (await admin.get('tags?limit=200')).items.some((one: any) => one.group === name), 60)
    expect_calm(tab, /status of 401/, /status of 429/, /WebSocket/)
  })
})

describe('the live channel', () => {
  it('lost: every page says so after five seconds, and stops saying so', async () => {
    const context = await visitor()
    const line = await live_line(context)
    const tabs = []
    for (const [, spec] of pages) {
      const tab = await tab_of(context)
      await go(tab.page, spec.path(world().ids))
      tabs.push(tab)
    }
    await Promise.all(tabs.map((tab) => rest(tab.page)))
    await line.cut()
    await Promise.all(tabs.map((tab) => tab.page.getByText(t('state.live_lost')).waitFor({ timeout: 12_000 })))
    line.mend()
    await Promise.all(tabs.map((tab) => tab.page.getByText(t('state.live_lost')).waitFor({ state: 'detached', timeout: 15_000 })))
    for (const tab of tabs) expect_calm(tab, /WebSocket/)
  })
})

describe('a page that was not yet loaded, without a network', () => {
  const menu = (page: Page, name: string) => page.getByRole('navigation', { name: t('app.menu') }).getByRole('link', { name, exact: true })

  it('leaves the console where it is, says why, and comes when the network is back', async () => {
    const tab = await visit('/home')
    await rest(tab.page)
    await tab.page.context().setOffline(true)
    await menu(tab.page, page_specs.audit?.menu?.zh ?? '').click()
    await tab.page.locator('.toast').getByText(t('error.offline')).waitFor()
    await tab.page.getByRole('heading', { level: 1, name: t('home.title') }).waitFor()
    expect(new URL(tab.page.url()).pathname).toBe('/console/home')
    await tab.page.context().setOffline(false)
    await menu(tab.page, page_specs.audit?.menu?.zh ?? '').click()
    await tab.page.getByRole('heading', { level: 1, name: t('audit.title') }).waitFor()
    expect_calm(tab, /ERR_INTERNET_DISCONNECTED|WebSocket/)
  })

  it('leaves it there as well when the network looks whole and the server does not answer', async () => {
    const tab = await visit('/home')
    await rest(tab.page)
    await tab.page.route(/\/console\//, (route) => route.abort('connectionrefused'))
    await menu(tab.page, page_specs.audit?.menu?.zh ?? '').click()
    await tab.page.locator('.toast').getByText(t('error.offline')).waitFor()
    await tab.page.getByRole('heading', { level: 1, name: t('home.title') }).waitFor()
    await tab.page.unroute(/\/console\//)
    await menu(tab.page, page_specs.audit?.menu?.zh ?? '').click()
    await tab.page.getByRole('heading', { level: 1, name: t('audit.title') }).waitFor()
    expect_calm(tab, /ERR_CONNECTION_REFUSED/)
  })
})
