import { describe, expect, it } from 'vitest'
import { client, expect_calm, go, t, tab_of, use_browser, visitor } from '../desk'
import { eventually } from '../server'
import { pick, sign_in_by_page } from '../steps'

use_browser()

describe('the main job, by clicking alone', () => {
  it('channel with QR code → scan → lead live → chat → segment → push → results', async () => {
    const context = await visitor(null)
    const desk = await tab_of(context)
    const { page } = desk
    const button = (key: string) => page.getByRole('button', { name: t(key), exact: true })
    const menu = (name: string, of = page) => of.getByRole('navigation', { name: t('app.menu') }).getByRole('link', { name, exact: true }).click({ timeout: 60_000 })

    await go(page, '/')
    await sign_in_by_page(page, 'admin')

    // A channel of its own; what follows counts only its people.
    await menu('渠道活码')
    await page.getByRole('link', { name: t('channels.add') }).click()
    const channel = '展会 A 馆'
    await page.getByLabel(t('channels.name')).fill(channel)
    await pick(page, t('channels.members'), '示例成员3')
    await page.getByLabel(t('channels.welcome_text')).fill('您好 {contact}')
    await button('channels.make').click()
    await page.getByRole('heading', { level: 1, name: channel }).waitFor()
    const code = page.getByAltText(t('channels.code_of', { name: channel }))
    await code.waitFor({ timeout: 30_000 })
    await expect.poll(() => code.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(50)
    const channel_url = page.url()

    // Three more tabs look on, each from the start page by the menu; none of them is loaded anew.
    const beside = async (name: string, title: string) => {
      const tab = await tab_of(context)
      await go(tab.page, '/')
      await menu(name, tab.page)
      await tab.page.getByRole('heading', { level: 1, name: title, exact: true }).waitFor({ timeout: 60_000 })
      return tab
    }
    const leads = await beside('线索', t('leads.title'))
    await leads.page.getByRole('row').nth(1).waitFor({ timeout: 60_000 })
    const home = await beside('工作台', t('home.title'))
    const sandbox = await beside('沙盒', t('sandbox.title'))
    for (const one of [leads, home, sandbox, desk]) await one.page.evaluate(() => Object.assign(window, { untouched: true }))

    await sandbox.page.getByRole('button', { name: `${channel} · ${t('sandbox.scan_n', { n: 1 })}` }).click({ timeout: 30_000 })
    await page.locator('.tile', { hasText: t('channels.adds') }).getByText('1', { exact: true }).first().waitFor({ timeout: 20_000 })
    await leads.page.locator('.gview-fresh').click({ timeout: 20_000 })
    const row = leads.page.getByRole('row', { name: new RegExp(channel) })
    await row.waitFor()
    await home.page.locator('.card', { hasText: t('home.feed') }).getByText(t('contacts.event.friend_added')).first().waitFor()

    // The lead's person; the chat appears there as it is said.
    await row.dblclick()
    await leads.page.waitForURL(/\/contacts\/\d+$/)
    await leads.page.locator('.event', { hasText: t('contacts.event.lead_opened') }).first().waitFor()
    const name = await leads.page.getByRole('heading', { level: 1 }).innerText()
    await sandbox.page.getByLabel(t('sandbox.friend')).click({ timeout: 20_000 })
    await sandbox.page.getByRole('option', { name: `${name} · 示例成员3` }).first().click()
    const said = '请问新品什么时候到货？'
    await sandbox.page.getByLabel(t('sandbox.says')).fill(said)
    await sandbox.page.getByRole('button', { name: t('sandbox.send'), exact: true }).click()
    const talk = leads.page.locator('.card', { has: leads.page.getByRole('heading', { name: t('archive.talk'), exact: true }) })
    await talk.getByText(said, { exact: true }).waitFor({ timeout: 90_000 })
    await leads.page.locator('.event', { hasText: t('contacts.event.messages_seen') }).first().waitFor({ timeout: 60_000 })
    expect(await leads.page.evaluate(() => 'untouched' in window)).toBe(true)

    // A segment of this channel's people.
    await menu('分群')
    await page.getByRole('link', { name: t('segments.add') }).click()
    await page.getByLabel(t('segments.name')).fill('展会 A 馆来客')
    await page.getByLabel(t('filter.field')).selectOption('channel')
    await pick(page, t('filter.field_name.channel'), channel)
    await page.locator('.segments-count', { hasText: /^1$/ }).waitFor()
    await page.getByRole('link', { name }).waitFor()
    await button('do.save').click()

    // A push to them, in four steps.
    await page.getByRole('heading', { level: 1, name: t('segments.title') }).waitFor()
    await menu('推送')
    await page.getByRole('link', { name: t('pushes.add') }).first().click()
    await page.getByLabel(t('pushes.name')).fill('新品到货')
    await pick(page, t('pushes.by_segment'), '展会 A 馆来客')
    await button('pushes.next').click()
    await page.getByLabel(t('pushes.text')).fill('新品已到货，欢迎选购。')
    await button('pushes.next').click()
    await button('pushes.next').click()
    await page.getByRole('row', { name: new RegExp(t('pushes.recipients')) }).getByText('1', { exact: true }).waitFor()
    await button('pushes.submit').click()
    await page.getByRole('dialog').getByRole('button', { name: t('pushes.submit'), exact: true }).click()
    await page.getByRole('heading', { level: 1, name: '新品到货' }).waitFor()
    const tile = (key: string) => page.locator('.tile', { hasText: t(`pushes.count.${key}`) })
    await tile('waiting').getByText('1', { exact: true }).waitFor({ timeout: 40_000 })

    // The member presses send; the result shows without a reload. WeCom tells of it only when asked, each minute: who presses
    // just after a look is seen by the next.
    await sandbox.page.getByRole('button', { name: t('sandbox.confirm_all'), exact: true }).click({ timeout: 30_000 })
    await tile('delivered').getByText('1', { exact: true }).waitFor({ timeout: 150_000 })
    await page.getByRole('link', { name, exact: true }).waitFor()
    expect(await page.evaluate(() => 'untouched' in window)).toBe(true)

    const admin = await client()
    const found = await eventually('the contact', async () => (await admin.get(`channels/${channel_url.split('/').pop()}/stats`)).adds === 1)
    expect(found).toBe(true)
    for (const one of [desk, leads, home, sandbox]) expect_calm(one, /status of 429/, /status of 401 .*\/me$/)
  }, 480_000)
})
