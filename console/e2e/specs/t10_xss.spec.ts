import { describe, expect, it } from 'vitest'
import { Refused, type Client } from '../client'
import { client, expect_calm, full, go, t, tab_of, use_browser, visitor, world, type Tab } from '../desk'
import { page_specs } from '../pages'
import { eventually } from '../server'

use_browser()

// Short enough for the narrowest field. Each sets `pwned` should it ever run.
const image = (at: string) => `<img src=x onerror=pwned=1>${at}`
const script = (at: string) => `"><script>pwned=1</script>${at}`
const vue = (at: string) => `{{constructor.constructor('pwned=1')()}}${at}`
const link = 'javascript:pwned=1//'

interface Stored {
  contact: string
  channel: string
  segment: string
  push: string
  source: string
  /** The address's filter that finds this contact. */
  only: string
  /** What stands where: the page's path, the words it has to show as they were written. */
  shown: [path: string, words: string][]
}

/** One hostile value in every field that strangers or colleagues fill. */
async function store(admin: Client): Promise<Stored> {
  const nick = image('nick')
  // By a channel of its own: its people are found among any number of others.
  const own = (await admin.post('channels', { name: '来路不明', kind: 'contact_way', members: ['sample1'], tags: [], welcome: null })).id
  const way = await eventually('the code', async () => ((await admin.get(`channels/${own}`)).qr_code ? admin.get(`channels/${own}`) : null), 60)
  const only = `?f=${Buffer.from(JSON.stringify({ field: 'channel', op: 'in', value: [own] })).toString('base64url')}`
  const scan = (await admin.post('sandbox/scan', { state: way.state, userid: 'sample1', name: nick })).scans[0]
  const contact = await eventually('the contact', async () => (await admin.post('contacts/query', { q: nick, limit: 1 })).items[0]?.id)
  await admin.post(`contacts/${contact}/notes`, { text: script('note') })
  const tag = (await admin.post('tags', { group: image('grp'), name: script('tag'), kind: 'internal' })).id
  await admin.change('PUT', `contacts/${contact}/tags`, { tags: [tag] }, `contacts/${contact}`)
  await admin.change('PATCH', `contacts/${contact}`, { company: image('firm'), position: vue('post') })
  await admin.post('sandbox/chat', { from: scan.external_userid, to: ['sample1'], text: image('chat') })
  await admin.post('sandbox/chat', { from: scan.external_userid, to: ['sample1'], msgtype: 'link', body: { title: image('title'), description: script('text'), link_url: link, image_url: link } })
  await admin.post('sandbox/chat', { from: scan.external_userid, to: ['sample1'], msgtype: 'file', media_bytes: '64', fileext: image('ext') })
  const channel = (await admin.post('channels', { name: image('channel'), kind: 'contact_way', members: ['sample1'], tags: [tag], welcome: { text: script('welcome') } })).id
  const segment = (await admin.post('segments', { name: image('segment'), condition: { tag } })).id
  const file = (await admin.raw('POST', `/api/v1/media?kind=file&name=${encodeURIComponent(`${image('file')}.pdf`)}`, '%PDF-1.4 nothing', { 'Content-Type': 'application/pdf' })).body
  const push = (await admin.post('pushes', { name: image('push'), segment_id: segment, content: { text: script('pushed'), attachments: [{ kind: 'file', media_id: file.id, title: image('part') }] } })).id
  const source = (await admin.post('sources', { name: image('source'), kind: 'generic', auth: { kind: 'path', secrets: ['a-secret-that-is-long-enough-0'] }, map: { id: '/id', name: '/name', phone: '/phone' } })).id
  await eventually('the archived chat', async () => (await admin.get(`contacts/${contact}/messages?limit=10`)).items.length >= 3, 60)
  return {
    contact, channel, segment, push, source, only,
    shown: [
      [`/contacts${only}`, nick],
      [`/leads${only}`, nick],
      [`/leads/board${only}`, nick],
      [`/contacts/${contact}`, nick],
      [`/contacts/${contact}`, script('note')],
      [`/contacts/${contact}`, script('tag')],
      [`/contacts/${contact}`, image('firm')],
      [`/contacts/${contact}`, vue('post')],
      ['/channels', image('channel')],
      [`/channels/${channel}`, image('channel')],
      [`/channels/${channel}`, script('welcome')],
      ['/tags', script('tag')],
      ['/segments', image('segment')],
      ['/pushes', image('push')],
      [`/pushes/${push}`, script('pushed')],
      [`/pushes/${push}`, image('part')],
      ['/sources', image('source')],
      [`/sources/${source}`, image('source')],
      ['/archive', nick],
    ],
  }
}

let stored: Promise<Stored> | undefined
const hostile = async () => (stored ??= store(await client()))

async function harmless(tab: Tab, where: string): Promise<string[]> {
  const found = await tab.page.evaluate(() => ({
    pwned: 'pwned' in window,
    made: document.querySelectorAll('img[src="x"], img[src$="/x"], #main script, [onerror], iframe, object').length,
    links: [...document.querySelectorAll('a[href], area[href]')].map((one) => one.getAttribute('href') ?? '').filter((href) => /^\s*(javascript|data|vbscript):/i.test(href)),
  }))
  return [...(found.pwned ? [`${where}: a script ran`] : []), ...(found.made ? [`${where}: ${found.made} elements made of text`] : []), ...found.links.map((href) => `${where}: a link to ${href}`)]
}

describe('hostile words', () => {
  it('are shown as they were written', async () => {
    const all = await hostile()
    const tab = await tab_of(await visitor())
    const missing: string[] = []
    let at = ''
    for (const [path, words] of all.shown) {
      if (path !== at) await go(tab.page, path)
      at = path
      await tab.page.getByText(words).or(tab.page.locator(`input[value=${JSON.stringify(words)}]`)).first().waitFor({ timeout: 8000 }).catch(() => missing.push(`${path}: ${words}`))
      missing.push(...(await harmless(tab, path)))
    }
    expect(missing).toEqual([])
    expect_calm(tab)
  })

  it('do nothing on any page, in either language', async () => {
    const all = await hostile()
    const ids = { contacts: all.contact, channels: all.channel, segments: all.segment, pushes: all.push, sources: all.source }
    const wrong: string[] = []
    for (const lang of full ? (['zh', 'en'] as const) : (['en'] as const)) {
      const tab = await tab_of(await visitor(), { lang })
      for (const [name, spec] of Object.entries(page_specs)) {
        if (!full && !/^(contact|push|channel|source|segment|audit|archive|board)(-edit)?$/.test(name)) continue
        await go(tab.page, spec.path(ids))
        await tab.page.waitForLoadState('networkidle')
        wrong.push(...(await harmless(tab, name)))
      }
      expect_calm(tab)
    }
    expect(wrong).toEqual([])
  })

  it('do nothing in the chat of the archive, in peek, palette, filter and confirmation', async () => {
    const all = await hostile()
    const tab = await tab_of(await visitor())
    const { page } = tab
    await go(page, '/archive')
    await page.getByRole('button', { name: image('nick') }).first().click()
    await page.getByText(image('chat')).first().waitFor()
    await page.getByText(image('title')).first().waitFor()
    expect(await harmless(tab, 'chat')).toEqual([])

    await go(page, `/contacts${all.only}`)
    await page.getByRole('row', { name: 'nick' }).first().waitFor()
    await page.keyboard.press('j')
    await page.keyboard.press('Space')
    await page.locator('.gview-peek').waitFor()
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: t('app.search') }).fill('nick')
    await page.getByRole('option', { name: image('nick') }).first().waitFor()
    expect(await harmless(tab, 'palette')).toEqual([])
    await page.keyboard.press('Escape')

    await go(page, `/channels/${all.channel}`)
    await page.getByRole('button', { name: t('channels.drop'), exact: true }).click()
    await page.getByRole('dialog').getByText(image('channel')).waitFor()
    expect(await harmless(tab, 'dialog')).toEqual([])
    expect_calm(tab)
  })

  it('javascript: addresses are refused where an address is asked', async () => {
    const admin = await client()
    const part = { kind: 'link', title: 'x', url: link }
    await expect(admin.post('pushes', { name: 'x', segment_id: world().ids.segments, content: { text: 'x', attachments: [part] } })).rejects.toThrow(Refused)
    await expect(admin.post('channels', { name: 'x', kind: 'contact_way', members: ['sample1'], tags: [], welcome: { text: 'x', attachments: [part] } })).rejects.toThrow(Refused)
  })

  it('formulas in the audit export are neutralised', async () => {
    const admin = await client()
    const { body } = await admin.raw('GET', '/api/v1/audit/export')
    const cells = String(body.text).split('\n').slice(1).flatMap((line) => line.split(','))
    expect(cells.length).toBeGreaterThan(10)
    expect(cells.filter((cell) => /^"?[=+@-]/.test(cell) && !/^"?-?\d/.test(cell))).toEqual([])
  })
})
