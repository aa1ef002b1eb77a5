import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { expect_calm, full, go, t, tab_of, use_browser, visit, visitor, world } from '../desk'
import { empty, fault_id, live_line, refuse, slow } from '../faults'
import { page_specs, type PageSpec } from '../pages'

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
