import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { client, expect_calm, full, go, t, use_browser, visit, world } from '../desk'
import { eventually } from '../server'
import { field, fresh_lead, pick } from '../steps'

use_browser()

const late = { timeout: 60_000 }
const button = (box: Page | Locator, key: string) => box.getByRole('button', { name: t(key), exact: true })
const dialog = (page: Page, title: string) => page.getByRole('dialog', { name: title, exact: true })
const card = (page: Page, key: string) => page.locator('.card', { has: page.getByRole('heading', { name: t(key), exact: true }) })
const said = (page: Page, text: string) => page.locator('.toast', { hasText: text }).first().waitFor(late)

/** What a link saves, by its name and bytes. */
async function saved(page: Page, link: Locator): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download', late), link.click(late)])
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) }
}

describe('a source of forms', () => {
  it('is made, mapped by a sample, tried, given another secret, and shows what came', async () => {
    const admin = await client()
    const post = (serial: string) => JSON.stringify({ entry: { serial, who: '王示例', mobile: '13800137715' } })
    const tab = await visit('/sources')
    const { page } = tab
    await page.getByRole('link', { name: t('sources.add') }).first().click(late)
    await field(page, t('sources.name')).fill('逐步建好的来源')
    await field(page, t('sources.auth')).selectOption('path')
    const secret = await field(page, t('sources.secret')).inputValue()
    expect(secret.length).toBeGreaterThanOrEqual(16)
    await field(page, t('sources.sample')).fill(post('A-1'))
    const place = (key: string) => page.getByLabel(t('sources.place_of', { field: t(`sources.lead.${key}`), n: 1 }), { exact: true })
    for (const [key, at, found] of [['name', '/entry/who', '王示例'], ['phone', '/entry/mobile', '13800137715'], ['id', '/entry/serial', 'A-1']] as const) {
      await place(key).fill(at)
      await page.getByRole('group', { name: t(`sources.lead.${key}`), exact: true }).getByText(found, { exact: true }).waitFor(late)
    }
    await button(page, 'sources.make').click()
    await page.getByRole('heading', { level: 1, name: '逐步建好的来源' }).waitFor(late)
    const id = page.url().split('/').pop() ?? ''
    await card(page, 'sources.once').getByText(secret).waitFor(late)
    await button(page, 'sources.once_kept').click()
    await card(page, 'sources.once').waitFor({ state: 'detached' })

    // The test says what a post would become, and makes nothing.
    const trial = card(page, 'sources.test')
    await field(trial, t('sources.test_body')).fill(post('A-2'))
    await button(trial, 'sources.test_run').click()
    await trial.getByText(t('sources.verdict.ok')).waitFor(late)
    await trial.locator('dd', { hasText: '王示例' }).waitFor()
    expect((await admin.post('leads/query', { q: '13800137715', limit: 1 })).items).toEqual([])

    const send = (by: string, serial: string) => admin.raw('POST', `/hook/${id}/${by}`, post(serial), { 'Content-Type': 'application/json' })
    const came = card(page, 'sources.posts').locator('.post-list li', { hasText: t('sources.post_is.done') })
    expect((await send(secret, 'A-3')).status).toBe(200)
    await came.first().waitFor(late)
    await eventually('the lead', async () => (await admin.post('leads/query', { q: '13800137715', limit: 1 })).items[0], 60)

    await button(page, 'sources.rotate').click()
    const form = dialog(page, t('sources.rotate'))
    const fresh = await field(form, t('sources.new_secret')).inputValue()
    expect(fresh).not.toBe(secret)
    await form.getByLabel(t('sources.keep_former')).uncheck()
    await button(form, 'sources.rotate_do').click()
    await form.waitFor({ state: 'detached', ...late })
    await card(page, 'sources.once').getByText(fresh).waitFor(late)
    expect((await send(secret, 'A-4')).status).toBeGreaterThanOrEqual(400)
    expect((await send(fresh, 'A-5')).status).toBe(200)
    await came.nth(1).waitFor(late)
    expect(await came.count()).toBe(2)
    expect_calm(tab)
  })
})

describe('tags', () => {
  it('one gets another name, which can be taken back; one becomes part of another', async () => {
    const admin = await client()
    const group = '改名与合并'
    const [from, into] = [(await admin.post('tags', { group, name: '要并入的', kind: 'internal' })).id, (await admin.post('tags', { group, name: '留下的', kind: 'internal' })).id]
    const { contact } = await fresh_lead(admin, '合并客户')
    await admin.change('PUT', `contacts/${contact}/tags`, { tags: [from] }, `contacts/${contact}`)
    const tab = await visit(`/tags?q=${encodeURIComponent(group)}`)
    const { page } = tab
    const chip = (name: string) => page.locator('.tags-table .chip').getByText(name, { exact: true })
    const act = async (name: string, key: string) => {
      await page.getByRole('button', { name: t('tags.acts_of', { name }), exact: true }).click(late)
      await page.getByRole('menuitem', { name: t(key), exact: true }).click()
    }
    await act('留下的', 'tags.rename')
    await field(dialog(page, t('tags.rename')), t('tags.name')).fill('换了名的')
    await button(dialog(page, t('tags.rename')), 'do.save').click()
    await chip('换了名的').waitFor(late)
    await page.locator('.toast', { hasText: t('tags.renamed', { name: '换了名的' }) }).getByRole('button', { name: t('do.undo') }).click()
    await chip('留下的').waitFor(late)
    await chip('换了名的').waitFor({ state: 'detached', ...late })

    await act('要并入的', 'tags.merge')
    const form = dialog(page, t('tags.merge_title', { name: '要并入的' }))
    expect(await button(form, 'tags.merge').isDisabled()).toBe(true)
    await pick(page, t('tags.merge_into'), '留下的')
    await form.getByText(t('tags.merge_what', { from: '要并入的', into: '留下的', n: 1 })).waitFor()
    await button(form, 'tags.merge').click()
    await chip('要并入的').waitFor({ state: 'detached', ...late })
    await eventually('the merge', async () => (await admin.get(`contacts/${contact}`)).tags.map((one: any) => one.id).join() === into, 60)
    expect_calm(tab)
  })
})

describe('a list', () => {
  it('keeps its columns and density over a reload, and a saved view brings them back', async () => {
    const tab = await visit('/contacts', 'manager')
    const { page } = tab
    const column = page.getByRole('columnheader', { name: t('contacts.company') })
    const row = page.getByRole('row').nth(1)
    await row.waitFor(late)
    expect(await column.count()).toBe(0)
    await button(page, 'grid.columns').click()
    const form = dialog(page, t('grid.columns'))
    await form.getByLabel(t('contacts.company'), { exact: true }).check()
    await button(form, 'do.done').click()
    await column.waitFor(late)
    await page.reload()
    await column.waitFor(late)

    await button(page, 'grid.view_keep').click()
    const naming = dialog(page, t('grid.view_keep'))
    await field(naming, t('grid.view_name')).fill('看公司')
    await button(naming, 'do.save').click()
    await said(page, t('grid.view_kept'))
    const views = page.getByRole('navigation', { name: t('grid.views') })
    await views.locator('[aria-current=true]', { hasText: '看公司' }).waitFor(late)
    await views.getByRole('button').first().click()
    await column.waitFor({ state: 'detached', ...late })
    await go(page, '/contacts')
    await row.waitFor(late)
    expect(await column.count()).toBe(0)
    await views.getByRole('button', { name: '看公司' }).click(late)
    await column.waitFor(late)

    const height = async () => (await row.boundingBox())?.height ?? 0
    const before = await height()
    await button(page, 'app.me').click()
    await page.getByRole('menuitemradio', { name: t('app.compact') }).click()
    await expect.poll(height, late).toBeLessThan(before)
    const after = await height()
    await page.reload()
    await column.waitFor(late)
    await expect.poll(height, late).toBe(after)

    await page.getByRole('button', { name: t('grid.view_acts', { name: '看公司' }), exact: true }).click()
    await page.getByRole('menuitem', { name: t('grid.view_drop') }).click()
    await views.getByText('看公司').waitFor({ state: 'detached', ...late })
    expect((await (await client('manager')).get('views?page=contacts')).items.map((one: any) => one.name)).not.toContain('看公司')
    expect_calm(tab)
  })
})

describe.runIf(full)('the audit', () => {
  it('is narrowed by act and person, which the address keeps, and goes out as CSV', async () => {
    const admin = await client()
    const made = (await admin.post('tags', { group: '审计', name: '审计里的标签', kind: 'internal' })).id
    const tab = await visit('/audit')
    const { page } = tab
    await field(page, t('audit.actor')).fill('user:admin')
    await field(page, t('audit.action')).selectOption('tag.create')
    await button(page, 'do.search').click()
    const acts = page.locator('tbody td button')
    await expect.poll(async () => [...new Set(await acts.allInnerTexts())], late).toEqual([t('audit.act.tag.create')])
    expect(new URL(page.url()).searchParams.get('action')).toBe('tag.create')
    await page.reload()
    await expect.poll(async () => [...new Set(await acts.allInnerTexts())], late).toEqual([t('audit.act.tag.create')])
    await page.getByRole('row', { name: made }).getByRole('button').click()
    await dialog(page, t('audit.act.tag.create')).getByText('审计里的标签').waitFor()
    await page.keyboard.press('Escape')

    const file = await saved(page, page.getByRole('link', { name: t('audit.export') }))
    expect(file.name).toMatch(/\.csv$/)
    const [head, ...lines] = file.bytes.toString().replace(/^\uFEFF/, '').trim().split(/\r?\n/)
    expect(head).toMatch(/actor.*action/)
    expect(lines.some((line) => line.includes(made))).toBe(true)
    expect(lines.filter((line) => !line.includes('tag.create') || !line.includes('user:admin'))).toEqual([])
    await eventually('its own entry', async () => (await admin.get('audit?action=audit.export')).items.length > 0)
    expect_calm(tab)
  })
})

describe.runIf(full)("a channel's code", () => {
  it('is saved as SVG and as PNG', async () => {
    const tab = await visit(`/channels/${world().ids.channels}`)
    const { page } = tab
    const code = card(page, 'channels.code')
    const svg = await saved(page, code.getByRole('link', { name: 'SVG' }))
    expect(svg.name).toBe(`${world().channel.name}.svg`)
    expect(svg.bytes.toString()).toMatch(/^(<\?xml[^>]*>\s*)?<svg/)
    const png = await saved(page, code.getByRole('link', { name: 'PNG' }))
    expect(png.name).toBe(`${world().channel.name}.png`)
    expect(png.bytes.subarray(1, 4).toString()).toBe('PNG')
    expect(png.bytes.readUInt32BE(16)).toBeGreaterThanOrEqual(500)
    expect_calm(tab)
  })
})

describe('what stands around every page', () => {
  it('theme and language are changed and kept; help tells of the page that is open', async () => {
    const tab = await visit('/channels')
    const { page } = tab
    const dark = () => page.evaluate(() => document.documentElement.classList.contains('dark'))
    await button(page, 'app.theme').click()
    await page.getByRole('menuitemradio', { name: t('app.dark') }).click()
    await expect.poll(dark, late).toBe(true)
    await button(page, 'app.language').click()
    const title = page.getByRole('heading', { level: 1, name: t('channels.title', {}, 'en'), exact: true })
    await title.waitFor(late)
    await page.reload()
    await title.waitFor(late)
    expect(await dark()).toBe(true)
    expect(await page.evaluate(() => document.documentElement.lang)).toMatch(/^en/)

    await page.getByRole('button', { name: t('app.help', {}, 'en'), exact: true }).click()
    await page.getByRole('dialog').getByText(t('channels.help.intro', {}, 'en')).waitFor(late)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect_calm(tab)
  })

  it.runIf(full)('the bell tells a member of a lead that became theirs, and leads there', async () => {
    const admin = await client()
    const lead = await fresh_lead(admin, '通知里的客户')
    const tab = await visit('/home', 'sales')
    const { page } = tab
    await button(page, 'app.notices').click(late)
    await page.getByText(t('app.notices_none')).waitFor()
    await page.keyboard.press('Escape')
    const { member } = (await admin.get('users?limit=50')).items.find((one: any) => one.name === 'sales')
    // The bell listens from a moment after the page has come: what was before, it does not tell.
    const bell = page.getByRole('button', { name: t('app.notices_new', { n: 1 }), exact: true })
    await eventually('the bell', async () => {
      await admin.change('POST', `leads/${lead.id}/assign`, { owner: member }, `leads/${lead.id}`)
      return bell.waitFor({ timeout: 8000 }).then(() => true, () => false)
    }, 60)
    await bell.click(late)
    await page.getByRole('link', { name: t('notices.lead', { name: '通知里的客户' }) }).click()
    await page.getByRole('heading', { level: 1, name: '通知里的客户' }).waitFor(late)
    await button(page, 'app.notices').waitFor(late)
    expect_calm(tab)
  })
})
