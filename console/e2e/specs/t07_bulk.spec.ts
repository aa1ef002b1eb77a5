import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { client, expect_calm, full, go, t, tab_of, use_browser, visitor } from '../desk'
import { eventually } from '../server'
import { pick } from '../steps'

use_browser()

const crowd = full ? 300 : 60 // more than a page of 50, so that a selection by query is another thing than by ids

/** A channel of its own with a crowd; the address that shows exactly its people. */
async function scene(name: string) {
  const admin = await client()
  const id = (await admin.post('channels', { name, kind: 'contact_way', members: ['sample1', 'sample3'], tags: [], welcome: null })).id
  const state = await eventually('the code', async () => ((await admin.get(`channels/${id}`)).qr_code ? (await admin.get(`channels/${id}`)).state : null), 60)
  const scan = (count: number) => admin.post('sandbox/scan', { state, count })
  const condition = { field: 'channel', op: 'in', value: [id] }
  const people = async () => {
    const all: any[] = []
    for (let cursor: string | undefined; ; ) {
      const page = await admin.post('contacts/query', { condition, limit: 200, ...(cursor && { cursor }) })
      all.push(...page.items)
      cursor = page.next_cursor
      if (!cursor) return all
    }
  }
  for (let left = crowd; left > 0; left -= 50) await scan(Math.min(50, left))
  let came = 0
  await eventually('the crowd', async () => (came = (await people()).length) === crowd, 120).catch(() => expect(came).toBe(crowd))
  const tag = (await admin.post('tags', { group: '批量', name: `${name}标签`, kind: 'internal' })).id
  return { admin, id, scan, people, tag, tag_name: `${name}标签`, path: `/contacts?f=${Buffer.from(JSON.stringify(condition)).toString('base64url')}` }
}

/** Ticks the page, then takes all the filter finds, and opens the dialog. */
async function all_of(page: Page, count: number): Promise<void> {
  await page.getByLabel(t('grid.select_page')).check()
  await page.getByRole('button', { name: t('grid.select_all', { n: count.toLocaleString('zh-CN') }) }).click()
  await page.locator('.bulk').getByText(t('grid.selected', { n: count.toLocaleString('zh-CN') })).waitFor()
  await page.getByRole('button', { name: t('contacts.bulk.do.tag_add'), exact: true }).click()
}
const confirm = (page: Page) => page.getByRole('dialog').getByRole('button', { name: t('contacts.bulk.do.tag_add'), exact: true })

describe('bulk by query', () => {
  it('tags everybody the filter finds, shows how far it is, and undo puts back exactly what was', async () => {
    const s = await scene('批量一')
    // Some wear the tag already: undo must leave it on them.
    const before = await s.people()
    for (const one of before.slice(0, 3)) await s.admin.change('PUT', `contacts/${one.id}/tags`, { tags: [s.tag] }, `contacts/${one.id}`)
    const tags_before = new Map((await s.people()).map((one) => [one.id, [...one.tags].sort().join()]))

    const tab = await tab_of(await visitor())
    const { page } = tab
    await go(page, s.path)
    await all_of(page, crowd)
    await pick(page, t('contacts.tags'), s.tag_name)
    await confirm(page).click()
    const bar = page.locator('.operation')
    await bar.waitFor()
    await bar.getByText(t('contacts.bulk.result', { changed: crowd - 3, unchanged: 3 })).waitFor({ timeout: 60_000 })
    expect((await s.people()).every((one) => one.tags.includes(s.tag))).toBe(true)

    await page.locator('.toast').getByRole('button', { name: t('do.undo') }).click()
    await page.getByText(t('contacts.bulk.undone', { n: crowd - 3 })).first().waitFor({ timeout: 60_000 })
    expect(new Map((await s.people()).map((one) => [one.id, [...one.tags].sort().join()]))).toEqual(tags_before)
    expect_calm(tab)
  })

  it('asks anew when people came between count and confirmation, and then takes the new number', async () => {
    const s = await scene('批量二')
    const tab = await tab_of(await visitor())
    const { page } = tab
    await go(page, s.path)
    await all_of(page, crowd)
    await pick(page, t('contacts.tags'), s.tag_name)
    await s.scan(2)
    await eventually('two more', async () => (await s.people()).length === crowd + 2)
    const answers: number[] = []
    page.on('response', (answer) => answer.url().endsWith('/api/v1/bulk') && answers.push(answer.status()))
    await confirm(page).click()
    await page.getByRole('alert').getByText(t('contacts.bulk.changed_why', { was: crowd, now: crowd + 2 })).waitFor()
    expect(answers).toEqual([409])
    expect((await s.people()).some((one) => one.tags.includes(s.tag))).toBe(false)
    await confirm(page).click()
    await page.locator('.operation').getByText(t('contacts.bulk.result', { changed: crowd + 2, unchanged: 0 })).waitFor({ timeout: 60_000 })
    expect(answers).toEqual([409, 202])
    expect_calm(tab, /status of 409/)
  })

  it('never reaches more than the filter: the hash of another query is refused', async () => {
    const s = await scene('批量三')
    const all = await s.admin.post('contacts/query', { limit: 1, total: true })
    const some = await s.admin.post('contacts/query', { condition: { field: 'channel', op: 'in', value: [s.id] }, limit: 1, total: true })
    expect(all.query_hash).not.toBe(some.query_hash)
    const action = { kind: 'tag_add', tags: [s.tag] }
    const refused = await s.admin.raw('POST', '/api/v1/bulk', { query: {}, query_hash: some.query_hash, expected_count: some.total.value, action })
    expect([refused.status, refused.body.code]).toEqual([409, 'query_changed'])
    expect((await s.people()).some((one) => one.tags.includes(s.tag))).toBe(false)
  })
})
