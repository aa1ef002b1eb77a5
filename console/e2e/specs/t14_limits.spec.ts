import { describe, expect, it } from 'vitest'
import { client, expect_calm, go, t, tab_of, use_browser, visitor } from '../desk'
import { eventually } from '../server'
import { pick } from '../steps'

use_browser()

describe('a channel with a cap, a rota and a backup', () => {
  it('is edited by keyboard, and the page follows who serves', async () => {
    const admin = await client('admin')
    const { id } = await admin.post('channels', { name: '上限渠道', kind: 'contact_way', members: ['sample1'], tags: [], welcome: null })
    const way = await eventually('the code', async () => {
      const one = await admin.get(`channels/${id}`)
      return one.sync === 'ready' ? one : null
    }, 60)
    const desk = await tab_of(await visitor('admin'))
    const { page } = desk
    await go(page, `/channels/${id}/edit`)
    await page.getByLabel(t('channels.cap_of', { name: '示例成员1' })).fill('1')

    // A whole week, so that the hour of the test does not matter: Saturday and Sunday by the space bar.
    await page.getByRole('button', { name: t('channels.add_slot') }).press('Enter')
    for (const day of [6, 7]) await page.getByRole('button', { name: t(`channels.weekday.${day}`), exact: true }).press('Space')
    await page.getByLabel(t('channels.from'), { exact: true }).fill('00:00')
    await page.getByLabel(t('channels.to'), { exact: true }).fill('00:00')
    await pick(page, t('channels.backups'), '示例成员2')
    await page.keyboard.press('ControlOrMeta+s')
    await page.getByRole('heading', { level: 1, name: '上限渠道' }).waitFor()
    expect((await admin.get(`channels/${id}`)).limits).toEqual({
      members: [{ userid: 'sample1', daily_cap: 1, rota: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, from: 0, to: 1440 })) }],
      backups: ['sample2'],
    })

    const card = page.locator('.card', { hasText: t('channels.serving') })
    await card.getByRole('row', { name: /示例成员1.*0 \/ 1/ }).waitFor()
    await admin.post('sandbox/scan', { state: way.state, name: '示例客户上限' })
    await card.getByRole('row', { name: /示例成员1.*1 \/ 1/ }).waitFor({ timeout: 20_000 })
    await card.getByText(t('channels.by.backups')).waitFor()
    const swaps = page.locator('.card', { hasText: t('channels.swaps') })
    await swaps.getByText(t('channels.why.full')).waitFor({ timeout: 20_000 })
    await swaps.getByText(t('channels.why.backup')).waitFor()
    expect_calm(desk)
  })
})
