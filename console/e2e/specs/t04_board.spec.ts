import type { CDPSession, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { client, expect_calm, go, t, tab_of, use_browser, visitor } from '../desk'
import { eventually } from '../server'
import { fresh_lead } from '../steps'

use_browser()

const in_column = (page: Page, status: string, id: string) => page.locator(`[data-status="${status}"] [data-lead="${id}"]`)

async function middle(page: Page, selector: string): Promise<{ x: number; y: number }> {
  const box = await page.locator(selector).boundingBox()
  if (!box) throw new Error(`${selector} is not to be seen`)
  return { x: box.x + box.width / 2, y: box.y + Math.min(box.height / 2, 60) }
}

async function drag(page: Page, id: string, to: string): Promise<void> {
  const from = await middle(page, `[data-lead="${id}"]`)
  const there = await middle(page, `[data-status="${to}"]`)
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x + 12, from.y + 4, { steps: 4 })
  await page.mouse.move(there.x, there.y, { steps: 20 })
  await page.waitForTimeout(100)
  await page.mouse.up()
}

describe('the lead board', () => {
  it('the mouse moves a card between columns, and undo takes it back', async () => {
    const admin = await client()
    const lead = await fresh_lead(admin, '拖动客户')
    const tab = await tab_of(await visitor('manager'))
    const { page } = tab
    await go(page, `/leads/board?f=${lead.filter}`)
    await in_column(page, 'unassigned', lead.id).waitFor()
    await drag(page, lead.id, 'new')
    await in_column(page, 'new', lead.id).waitFor()
    await eventually('the claim', async () => (await admin.get(`leads/${lead.id}`)).status === 'new')
    await page.locator('.toast').getByRole('button', { name: t('do.undo') }).click()
    await in_column(page, 'unassigned', lead.id).waitFor()
    await eventually('the return', async () => (await admin.get(`leads/${lead.id}`)).status === 'unassigned')

    // A column it may not go to takes nothing.
    await drag(page, lead.id, 'converted')
    await page.waitForTimeout(300)
    expect(await in_column(page, 'unassigned', lead.id).count()).toBe(1)
    expect((await admin.get(`leads/${lead.id}`)).status).toBe('unassigned')
    expect_calm(tab)
  })

  it('a finger moves it too: hold, then drag; a short swipe only scrolls', async () => {
    const admin = await client()
    const lead = await fresh_lead(admin, '触摸客户')
    const tab = await tab_of(await visitor('manager', { hasTouch: true, viewport: { width: 1180, height: 820 } }))
    const { page } = tab
    await go(page, `/leads/board?f=${lead.filter}`)
    await in_column(page, 'unassigned', lead.id).waitFor()
    const touch = await page.context().newCDPSession(page)
    const from = await middle(page, `[data-lead="${lead.id}"]`)
    const there = await middle(page, '[data-status="new"]')
    await swipe(page, touch, from, there, 0)
    await page.waitForTimeout(300)
    expect(await in_column(page, 'unassigned', lead.id).count()).toBe(1)
    const again = await middle(page, `[data-lead="${lead.id}"]`)
    await swipe(page, touch, again, await middle(page, '[data-status="new"]'), 400)
    await in_column(page, 'new', lead.id).waitFor()
    await eventually('the claim', async () => (await admin.get(`leads/${lead.id}`)).status === 'new')
    expect_calm(tab)
  })

  it.each([
    ['before the page wrote', false],
    ['between its reading and its writing', true],
  ])('somebody was first %s: the card goes back and the page says who', async (_when, between) => {
    const admin = await client()
    const lead = await fresh_lead(admin, between ? '抢先客户二' : '抢先客户一')
    const tab = await tab_of(await visitor('manager'))
    const { page } = tab
    const take = () => admin.change('POST', `leads/${lead.id}/invalidate`, { reason: '同行' }, `leads/${lead.id}`)
    await go(page, `/leads/board?f=${lead.filter}`)
    await in_column(page, 'unassigned', lead.id).waitFor()
    let refused = 0
    page.on('response', (answer) => answer.url().endsWith('/claim') && (refused = answer.status()))
    await page.route(between ? /\/claim$/ : new RegExp(`/api/v1/leads/${lead.id}$`), async (route) => {
      await take()
      await route.continue()
    }, { times: 1 })
    await drag(page, lead.id, 'new')
    await page.locator('.toast', { hasText: t('leads.was_first', { status: t('leads.status.invalid'), owner: t('leads.nobody') }) }).waitFor()
    await in_column(page, 'invalid', lead.id).waitFor()
    expect(await in_column(page, 'new', lead.id).count()).toBe(0)
    expect(refused === 0 || refused === 409 || refused === 412).toBe(true)
    expect(refused !== 0).toBe(between)
    expect_calm(tab, /status of (409|412)/)
  })
})

async function swipe(page: Page, touch: CDPSession, from: { x: number; y: number }, to: { x: number; y: number }, hold: number): Promise<void> {
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [from] })
  await page.waitForTimeout(hold)
  for (let step = 1; step <= 20; step += 1) {
    const point = { x: from.x + ((to.x - from.x) * step) / 20, y: from.y + ((to.y - from.y) * step) / 20 }
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [point] })
  }
  await page.waitForTimeout(hold ? 100 : 0)
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
}
