import { describe, expect, it } from 'vitest'
import { client, expect_calm, go, t, use_browser, visit } from '../desk'
import { eventually } from '../server'

use_browser()

let made = 0

/** Somebody who filled in a form, with a phone and a new lead that is a sales person's. */
async function own_contact(name: string): Promise<{ id: string; phone: string; masked: string }> {
  const admin = await client()
  const secret = 'a-secret-that-is-long-enough-13'
  const source = (await admin.post('sources', { name: `${name}表单`, kind: 'generic', auth: { kind: 'path', secrets: [secret] }, map: { id: '/id', name: '/name', phone: '/phone' } })).id
  const phone = `1380013${String(8000 + (made += 1))}`
  const sent = await admin.raw('POST', `/hook/${source}/${secret}`, { id: name, name, phone })
  expect(sent.status).toBe(200)
  const lead = await eventually('the lead', async () => (await admin.post('leads/query', { q: phone, limit: 1 })).items[0], 60)
  const { member } = (await admin.get('users?limit=50')).items.find((one: any) => one.name === 'sales')
  await admin.change('POST', `leads/${lead.id}/assign`, { owner: member }, `leads/${lead.id}`)
  const sales = await client('sales')
  await eventually('sales sees him', async () => (await sales.raw('GET', `/api/v1/contacts/${lead.contact}`)).status === 200)
  return { id: lead.contact, phone, masked: `138****${phone.slice(-4)}` }
}

/** A friend of the sales person's member by a channel, with a new lead. */
async function own_friend(name: string): Promise<{ id: string; channel: string }> {
  const admin = await client()
  const channel = `${name}渠道`
  const id = (await admin.post('channels', { name: channel, kind: 'contact_way', members: ['sample2'], tags: [], welcome: null })).id
  const way = await eventually('the code', async () => {
    const one = await admin.get(`channels/${id}`)
    return one.qr_code ? one : null
  }, 60)
  await admin.post('sandbox/scan', { state: way.state, userid: 'sample2', name })
  const lead = await eventually('the lead', async () => (await admin.post('leads/query', { channel: [id], limit: 1 })).items[0], 60)
  return { id: lead.contact, channel }
}

describe('one contact', () => {
  it('has its leads beside it: they open, are acted on, and others see that live', async () => {
    const one = await own_friend('线索客户')
    const other = await visit(`/contacts/${one.id}`, 'manager')
    const tab = await visit(`/contacts/${one.id}`, 'sales')
    const { page } = tab
    const card = (of: typeof page) => of.locator('.card', { has: of.getByRole('heading', { name: t('contacts.leads'), exact: true }) })
    await card(page).getByText(t('leads.status.new')).waitFor()
    expect(await card(page).getByRole('button', { name: t('leads.act.assign'), exact: true }).count()).toBe(0)
    expect(await card(other.page).getByRole('button', { name: t('leads.act.assign'), exact: true }).count()).toBe(1)

    await card(page).getByRole('link', { name: one.channel }).press('Enter')
    const peek = page.getByRole('dialog', { name: t('leads.one') })
    await peek.getByRole('button', { name: t('leads.act.stage'), exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('lead')).toMatch(/^\d+$/)
    await page.keyboard.press('Escape')
    await peek.waitFor({ state: 'detached' })
    expect(new URL(page.url()).searchParams.has('lead')).toBe(false)

    await card(page).getByRole('button', { name: t('leads.act.convert'), exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: t('leads.act.convert'), exact: true }).click()
    await card(page).getByText(t('leads.status.converted')).waitFor()
    await card(other.page).getByText(t('leads.status.converted')).waitFor()
    expect_calm(tab)
    expect_calm(other)
  })

  it('its timeline is narrowed by kind, and the address keeps that', async () => {
    const one = await own_contact('动态客户')
    const tab = await visit(`/contacts/${one.id}`, 'sales')
    const { page } = tab
    await (await client()).post(`contacts/${one.id}/notes`, { text: '只在跟进里' })
    const line = (key: string) => page.locator('.event', { hasText: t(`contacts.event.${key}`) })
    const chip = (kind: string) => page.getByRole('group', { name: t('contacts.about_kinds') }).getByRole('button', { name: t(`contacts.about_kind.${kind}`), exact: true })
    await page.getByText('只在跟进里').waitFor()
    await chip('lead').press('Enter')
    await line('form_submitted').waitFor({ state: 'detached' })
    await line('lead_opened').waitFor()
    expect(await page.getByText('只在跟进里').count()).toBe(0)
    await chip('note').click()
    await page.getByText('只在跟进里').waitFor()
    expect(new URL(page.url()).searchParams.get('about')).toBe('lead,note')

    await go(page, `/contacts/${one.id}?about=push`)
    await page.getByText(t('contacts.no_such_events')).waitFor()
    expect(await chip('push').getAttribute('aria-pressed')).toBe('true')
    await page.getByRole('button', { name: t('do.clear_filter'), exact: true }).click()
    await line('form_submitted').waitFor()
    expect_calm(tab)
  })

  it('a masked phone is shown for a reason, which the audit keeps', async () => {
    const one = await own_contact('号码客户')
    const admin = await client()
    const manager = await visit(`/contacts/${one.id}`, 'manager')
    await manager.page.getByText(one.phone).waitFor()
    expect(await manager.page.getByRole('button', { name: t('contacts.reveal.title.phone') }).count()).toBe(0)
    const readonly = await visit(`/contacts/${one.id}`, 'readonly')
    await readonly.page.getByText(one.masked).waitFor()
    expect(await readonly.page.getByRole('button', { name: t('contacts.reveal.title.phone') }).count()).toBe(0)

    const tab = await visit(`/contacts/${one.id}`, 'sales')
    const { page } = tab
    await page.getByText(one.masked).waitFor()
    await page.getByRole('button', { name: t('contacts.reveal.title.phone') }).press('Enter')
    await page.getByRole('dialog').getByText(t('contacts.reveal.logged')).waitFor()
    await page.keyboard.type('回电确认地址')
    await page.keyboard.press('Enter')
    await page.getByText(one.phone).waitFor()
    await page.getByText(t('contacts.reveal.done')).waitFor()
    const kept = (await admin.get(`audit?action=contact.reveal&object_id=${one.id}`)).items
    expect(kept.map((entry: any) => entry.actor)).toEqual(['user:sales'])
    expect(JSON.stringify(kept)).toContain('回电确认地址')
    await go(page, '/contacts')
    await go(page, `/contacts/${one.id}`)
    await page.getByText(one.masked).waitFor()
    for (const each of [tab, manager, readonly]) expect_calm(each)
  })

  it('is edited with the e key; hostile words stay words, and who was first is asked about', async () => {
    const one = await own_contact('资料客户')
    const admin = await client()
    const hostile = '<img src=x onerror=pwned=1>公司'
    const tab = await visit(`/contacts/${one.id}`, 'sales')
    const { page } = tab
    const form = page.getByRole('dialog', { name: t('contacts.edit') })
    await page.getByRole('button', { name: t('contacts.edit_do'), exact: true }).waitFor()
    await page.keyboard.press('e')
    await form.getByLabel(t('contacts.company')).waitFor()
    await expect.poll(() => form.getByLabel(t('contacts.company')).evaluate((field) => field === document.activeElement)).toBe(true)
    await page.keyboard.type(hostile)
    await form.getByLabel(t('contacts.gender')).selectOption('2')
    await form.getByLabel(t('contacts.company')).press('Enter')
    await form.waitFor({ state: 'detached' })
    await page.locator('dd', { hasText: hostile }).waitFor()
    expect(await page.evaluate(() => 'pwned' in window || document.querySelector('img[src="x"]') !== null)).toBe(false)
    expect(await admin.get(`contacts/${one.id}`)).toMatchObject({ company: hostile, gender: 2, opted_out: false })

    // Somebody else saves while the form is open: each keeps what he chose.
    await page.keyboard.press('e')
    await form.getByLabel(t('contacts.opt_out')).check()
    await form.getByLabel(t('contacts.company')).fill('我的公司')
    await admin.change('PATCH', `contacts/${one.id}`, { company: '对方公司', position: '采购' })
    await form.getByRole('button', { name: t('do.save'), exact: true }).click()
    await form.getByText('对方公司').waitFor()
    await form.getByRole('button', { name: t('clash.save'), exact: true }).click()
    await form.waitFor({ state: 'detached' })
    expect(await admin.get(`contacts/${one.id}`)).toMatchObject({ company: '我的公司', position: '采购', opted_out: true })
    await page.locator('dd', { hasText: t('contacts.pushes_no') }).waitFor()
    expect_calm(tab, /status of 412/)
  })

  it('is tagged, noted, given and walked through by keys', async () => {
    const one = await own_contact('按键客户')
    const tab = await visit('/contacts?sort=-created', 'admin')
    const { page } = tab
    const rows = page.locator('[role=row] a[href*="/contacts/"]')
    await rows.nth(1).waitFor()
    const [first, second] = await rows.evaluateAll((links) => links.slice(0, 2).map((link) => new URL((link as HTMLAnchorElement).href).pathname))
    await page.keyboard.press('j')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: t('contacts.edit_do'), exact: true }).waitFor()
    expect(new URL(page.url()).pathname).toBe(first)
    expect(await page.getByRole('button', { name: t('contacts.key_previous') }).isDisabled()).toBe(true)
    await page.keyboard.press(']')
    await expect.poll(() => new URL(page.url()).pathname).toBe(second)
    await page.getByRole('button', { name: t('contacts.edit_do'), exact: true }).waitFor()
    await page.keyboard.press('[')
    await expect.poll(() => new URL(page.url()).pathname).toBe(first)
    await page.goBack() // the list, not every contact on the way
    await expect.poll(() => new URL(page.url()).pathname).toBe('/console/contacts')

    await go(page, `/contacts/${one.id}`)
    await page.locator('.card', { has: page.getByRole('heading', { name: t('contacts.leads'), exact: true }) }).getByRole('button', { name: t('leads.act.assign'), exact: true }).waitFor()
    await page.getByRole('button', { name: t('contacts.edit_do'), exact: true }).waitFor()
    await page.keyboard.press('Shift+?')
    await page.getByRole('dialog').getByText(t('contacts.key_tag')).waitFor()
    await page.getByRole('dialog').getByText(t('leads.key_give')).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('n')
    await page.keyboard.type('按键写的跟进')
    await page.keyboard.press('Control+Enter')
    await page.locator('.event', { hasText: '按键写的跟进' }).waitFor()
    await page.locator('h1').first().click() // out of the field
    await page.keyboard.press('t')
    await page.getByRole('option').first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByText(t('contacts.tags_kept')).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(async () => (await (await client()).get(`contacts/${one.id}`)).tags.length).toBe(1)
    await page.keyboard.press('a')
    await page.getByRole('dialog').getByText(t('leads.act.assign')).first().waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    // Two keys that go somewhere are not also the second one alone.
    await page.keyboard.press('g')
    await page.keyboard.press('t')
    await page.getByRole('heading', { level: 1, name: t('tags.title') }).waitFor()
    expect(await page.getByRole('option').count()).toBe(0)
    expect_calm(tab)
  })
})
