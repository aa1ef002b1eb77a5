import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { client, expect_calm, t, use_browser, visit } from '../desk'
import { eventually } from '../server'

use_browser()

interface Sample {
  type: string
  message: Record<string, unknown>
}
const samples: Sample[] = JSON.parse(readFileSync(join(import.meta.dirname, '../../../tests/data/archive_messages.json'), 'utf8')).messages
/** What is a file comes with bytes of the sandbox's own; a recall or a change of company concerns other messages. */
const files = ['image', 'emotion', 'voice', 'video', 'file']
const left_out = ['revoke', 'switch', 'agree', 'disagree']
const envelope = ['msgid', 'action', 'from', 'tolist', 'roomid', 'msgtime', 'msgtype', 'voiceid', 'voipid']

let talk = ''
let sent = 0

/** Every type of message between one friend and one member. */
beforeAll(async () => {
  const admin = await client()
  const channel = (await admin.post('channels', { name: '各种消息', kind: 'contact_way', members: ['sample1'], tags: [], welcome: null })).id
  const way = await eventually('the code', async () => ((await admin.get(`channels/${channel}`)).qr_code ? admin.get(`channels/${channel}`) : null), 60)
  const scan = (await admin.post('sandbox/scan', { state: way.state, userid: 'sample1', name: '示例多样' })).scans[0]
  const chat = (body: object) => admin.post('sandbox/chat', { from: scan.external_userid, to: ['sample1'], ...body })
  const bytes = Object.fromEntries(files.map((type) => [type, type === 'video' ? '300000' : '4000']))
  for (const { type, message } of samples) {
    if (left_out.includes(type)) continue
    const [key, body] = Object.entries(message).find(([name]) => !envelope.includes(name)) ?? []
    await chat(files.includes(type) ? { msgtype: type, media_bytes: bytes[type], fileext: type === 'voice' ? 'amr' : type } : { msgtype: type, body_key: key, body })
    sent += 1
  }
  const contact = await eventually('the contact', async () => (await admin.post('contacts/query', { q: '示例多样', limit: 1 })).items[0]?.id, 60)
  talk = await eventually(
    'all messages and files',
    async () => {
      const { items } = await admin.get(`contacts/${contact}/messages?limit=100`)
      const there = items.filter((one: any) => files.includes(one.type)).every((one: any) => one.media[0]?.state === 'stored')
      return items.length === sent && there ? items[0].conversation : null
    },
    90,
  )
}, 200_000)

describe('the messages of a conversation', () => {
  it('are shown by their type, whole and safe', async () => {
    const tab = await visit(`/archive?id=${talk}`)
    const { page } = tab
    const bubbles = page.locator('.archive-bubble')
    await expect.poll(() => bubbles.count()).toBe(sent)
    const said = (words: string) => bubbles.filter({ hasText: words })
    // Links say where they lead and lead there alone.
    const link = said(t('archive.types.link')).getByRole('link', { name: /产品介绍/ })
    expect(await link.getAttribute('rel')).toContain('noopener')
    expect(await link.getAttribute('href')).toBe('https://example.com/p')
    expect(await said('产品介绍').innerText()).toContain('example.com')
    // Parts in their order, records folded.
    expect(await said('看这个').locator('li').count()).toBe(2)
    const record = said('群聊的聊天记录')
    expect(await record.getByText('第一句').isVisible()).toBe(false)
    await record.locator('summary').first().press('Enter')
    await record.getByText('第一句').waitFor()
    await record.getByText('里层').waitFor({ state: 'hidden' })
    await record.locator('summary').nth(1).click()
    await record.getByText('里层').waitFor()
    // Cards by what they say.
    expect(await said('团建去哪').first().locator('.archive-card-list li').allInnerTexts()).toEqual(['山', '海'])
    expect(await said('产品演示').innerText()).toContain('线上')
    expect(await said('恭喜发财').innerText()).toContain('¥20')
    expect(await said('样例大厦').innerText()).toContain('样例路1号')
    expect(await page.locator('.archive-bubble strong').innerText()).toBe('你好')
    // Unknown ones as they came.
    const unknown = said(t('archive.raw_fields'))
    await unknown.locator('summary').click()
    await unknown.getByText('"anything"').waitFor()
    // A video loads nothing before it is asked to play; these bytes are none, which is said.
    const video = page.locator('video')
    expect(await video.getAttribute('preload')).toBe('none')
    const asked = page.waitForResponse((one) => one.url().includes('/api/v1/archive/media/') && one.request().resourceType() === 'media')
    await video.evaluate((element: HTMLVideoElement) => element.play().catch(() => undefined))
    expect([200, 206]).toContain((await asked).status())
    await page.getByText(t('archive.unplayable')).waitFor()
    await page.getByText(t('archive.amr')).waitFor()
    expect_calm(tab)
  })

  it('are looked for by a contact chosen by name', async () => {
    const tab = await visit('/archive/search?type=vote')
    const { page } = tab
    await page.locator('.contact-pick').click()
    await page.getByRole('textbox', { name: t('do.search') }).fill('示例多样')
    await page.getByRole('option', { name: /示例多样/ }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('contact')).toMatch(/^\d+$/)
    await expect.poll(() => page.locator('.search-hit').count()).toBe(2)
    expect(await page.locator('.search-hit').first().innerText()).toContain('示例多样')
    expect(await page.locator('.contact-pick').innerText()).toContain('示例多样')
    await page.getByRole('button', { name: t('archive.search.contact_none') }).click()
    await expect.poll(() => new URL(page.url()).searchParams.has('contact')).toBe(false)
    expect_calm(tab)
  })
})
