import type { Locator, Page } from 'playwright-core'
import type { Client } from './client'
import { t, world } from './desk'
import { eventually } from './server'

/** Clicks and preparations that several specs make. */

/** A field by its whole label, whether or not it has to be filled in. */
export function field(box: Page | Locator, label: string): Locator {
  return box.getByLabel(new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}( \\*)?$`))
}

/** One option of our own picker, by its label and the option's words; in the dialog when one is open. */
export async function pick(page: Page, label: string, option: string): Promise<void> {
  const dialog = page.locator('[aria-modal=true]').last()
  await ((await dialog.count()) ? dialog : page).getByRole('button', { name: label }).first().click()
  const found = page.getByRole('option', { name: option, exact: true }).first()
  await found.waitFor()
  await found.click()
  if (await page.getByRole('listbox').count()) await page.keyboard.press('Escape')
}

/** The sign-in form; the server takes a few at a time, and says so to the others. */
export async function sign_in_by_page(page: Page, name: string, by: 'mouse' | 'keys' = 'mouse'): Promise<void> {
  const form = page.locator('form').filter({ has: page.getByLabel(t('login.password')) })
  if (by === 'keys') {
    await page.getByLabel(t('login.name')).waitFor()
    await page.keyboard.type(name)
    await page.keyboard.press('Tab')
    await page.keyboard.type(world().password)
  } else {
    await page.getByLabel(t('login.name')).fill(name)
    await page.getByLabel(t('login.password')).fill(world().password)
  }
  for (let tries = 0; tries < 10; tries += 1) {
    const answer = page.waitForResponse((one) => one.url().endsWith('/auth/local'))
    if (by === 'keys') await page.keyboard.press('Enter')
    else await form.getByRole('button', { name: t('login.sign_in'), exact: true }).click()
    if ((await answer).status() !== 429) break
    await page.waitForTimeout(1500)
  }
  await page.getByRole('heading', { level: 1, name: t('home.title') }).waitFor()
}

export interface FreshLead {
  id: string
  contact: string
  /** For ?f= of lists and board: only this channel's leads. */
  filter: string
}

/** Somebody new by a channel of his own, whose lead waits for an owner. */
export async function fresh_lead(admin: Client, name: string): Promise<FreshLead> {
  const channel = (await admin.post('channels', { name: `${name}渠道`, kind: 'contact_way', members: ['sample3'], tags: [], welcome: null })).id
  const way = await eventually('the code', async () => {
    const one = await admin.get(`channels/${channel}`)
    return one.qr_code ? one : null
  }, 60)
  await admin.post('sandbox/scan', { state: way.state, name })
  const condition = { field: 'channel', op: 'in', value: [channel] }
  const lead = await eventually('the lead', async () => (await admin.post('leads/query', { channel: [channel], limit: 1 })).items[0], 60)
  await admin.change('POST', `leads/${lead.id}/return`, { reason: '测试' }, `leads/${lead.id}`)
  return { id: lead.id, contact: lead.contact, filter: Buffer.from(JSON.stringify(condition)).toString('base64url') }
}
