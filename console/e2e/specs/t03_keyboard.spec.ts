import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { client, expect_calm, go, t, tab_of, use_browser, visitor } from '../desk'
import { eventually } from '../server'
import { fresh_lead, sign_in_by_page } from '../steps'

use_browser()

/** Whether a person sees where the focus is: an outline or ring on the control or on what frames it. */
const ring = (page: Page) =>
  page.evaluate(() => {
    const at = document.activeElement
    if (!at || at === document.body) return 'nothing has the focus'
    for (let one: Element | null = at, step = 0; one && step < 3; one = one.parentElement, step += 1) {
      const style = getComputedStyle(one)
      if ((style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none') return ''
    }
    return `${at.tagName} ${at.className} ${at.getAttribute('aria-label') ?? at.textContent?.trim().slice(0, 30)}`
  })

/** Tab until there; every stop on the way has to be seen. */
async function tab_to(page: Page, target: Locator, unseen: string[], most = 80): Promise<void> {
  for (let at = 0; at < most; at += 1) {
    await page.keyboard.press('Tab')
    const lost = await ring(page)
    if (lost) unseen.push(lost)
    if (await target.evaluate((one) => one === document.activeElement)) return
  }
  throw new Error('not reached by Tab')
}

describe('by keyboard alone', () => {
  it('signs in, finds a contact, tags it, notes, moves a lead on the board and takes that back', async () => {
    const admin = await client()
    const lead = await fresh_lead(admin, '键盘客户')
    const tag = (await admin.post('tags', { group: '键盘', name: '键盘标签', kind: 'internal' })).id
    const tab = await tab_of(await visitor(null))
    const { page } = tab
    const keys = page.keyboard
    const unseen: string[] = []

    await go(page, '/login')
    await sign_in_by_page(page, 'manager', 'keys')

    // The palette finds a person by pinyin-free name; Enter opens.
    await keys.press('Control+k')
    await page.getByRole('combobox', { name: t('app.search') }).waitFor()
    await keys.type('键盘客户')
    await page.getByRole('option', { name: /键盘客户/ }).first().waitFor()
    await keys.press('Enter')
    await page.getByRole('heading', { level: 1, name: '键盘客户' }).waitFor()

    // The list: `/` searches, j and k walk, Space looks, Enter opens.
    await keys.press('g')
    await keys.press('c')
    await page.getByRole('heading', { level: 1, name: t('contacts.title') }).waitFor()
    await page.getByRole('row').nth(2).waitFor()
    await keys.press('j')
    await keys.press('j')
    const at = () => page.getByRole('grid').getAttribute('aria-activedescendant')
    const second = await at()
    await keys.press('k')
    expect(await at()).not.toBe(second)
    await keys.press('/')
    expect(await page.getByLabel(t('contacts.search')).evaluate((one) => one === document.activeElement)).toBe(true)
    await keys.type('键盘客户')
    await expect.poll(() => page.getByRole('grid').getAttribute('aria-rowcount')).toBe('2')
    await keys.press('Escape')
    await keys.press('j')
    await keys.press('Space')
    await page.locator('.gview-peek').getByText('键盘客户').first().waitFor()
    await keys.press('Enter')
    await page.getByRole('heading', { level: 1, name: '键盘客户' }).waitFor()

    const note = page.getByPlaceholder(t('contacts.note_hint'))
    await note.waitFor()
    await tab_to(page, note, unseen)
    await keys.type('只用键盘写的跟进')
    await keys.press('Control+Enter')
    await page.locator('.event', { hasText: '只用键盘写的跟进' }).waitFor()

    await tab_to(page, page.getByRole('button', { name: t('contacts.tags'), expanded: false }), unseen)
    await keys.press('Enter')
    await page.getByRole('listbox').waitFor()
    await keys.type('键盘标签')
    await keys.press('ArrowDown')
    await keys.press('Enter')
    await eventually('the tag', async () => (await admin.get(`contacts/${lead.contact}`)).tags.some((one: any) => one.id === tag))
    await keys.press('Escape')
    // The popover gives the focus back to its button.
    expect(await ring(page)).toBe('')

    // The board: v from the list, j to the first card, Enter lifts, arrows choose, Enter drops, Ctrl+Z takes back.
    await go(page, `/leads/board?f=${lead.filter}`)
    const card = page.locator(`[data-lead="${lead.id}"]`)
    await card.waitFor()
    await keys.press('j')
    await expect.poll(() => card.evaluate((one) => one === document.activeElement)).toBe(true)
    expect(await ring(page)).toBe('')
    await keys.press('Enter')
    await keys.press('ArrowRight')
    await keys.press('Enter')
    await page.locator(`[data-status="new"] [data-lead="${lead.id}"]`).waitFor()
    await eventually('the claim', async () => (await admin.get(`leads/${lead.id}`)).status === 'new')
    await expect.poll(() => card.evaluate((one) => one === document.activeElement), { message: 'the focus stays on the card' }).toBe(true)
    await page.locator('.toast').waitFor()
    await keys.press('Control+z')
    await page.locator(`[data-status="unassigned"] [data-lead="${lead.id}"]`).waitFor()
    expect((await admin.get(`leads/${lead.id}`)).status).toBe('unassigned')

    expect([...new Set(unseen)]).toEqual([])
    expect_calm(tab, /status of 429/)
  })

  it('single keys do nothing in fields and can be switched off', async () => {
    const tab = await tab_of(await visitor('admin'))
    const { page } = tab
    await go(page, '/contacts')
    await page.getByRole('row').nth(1).waitFor()
    await page.getByLabel(t('contacts.search')).focus()
    await page.keyboard.type('gl?x')
    expect(await page.getByLabel(t('contacts.search')).inputValue()).toBe('gl?x')
    expect(new URL(page.url()).pathname).toBe('/console/contacts')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: t('app.me'), exact: true }).click()
    await page.getByText(t('app.single_keys')).click()
    await page.keyboard.press('Escape')
    await page.locator('#main').focus()
    await page.keyboard.press('g')
    await page.keyboard.press('l')
    expect(new URL(page.url()).pathname).toBe('/console/contacts')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: t('app.search') }).waitFor()
    expect_calm(tab)
  })
})
