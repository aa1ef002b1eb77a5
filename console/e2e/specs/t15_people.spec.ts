import { createHmac } from 'node:crypto'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { Client } from '../client'
import { client, expect_calm, full, t, use_browser, visit, world } from '../desk'
import { field } from '../steps'

use_browser()

const late = { timeout: 60_000 }
const button = (box: Page | Locator, key: string) => box.getByRole('button', { name: t(key), exact: true })
const dialog = (page: Page, title: string) => page.getByRole('dialog', { name: title, exact: true })

/** RFC 6238, as an authenticator on a phone shows it. */
function code_at(secret: string, seconds: number): string {
  const bits = [...secret.replace(/[\s=]/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(seconds / 30)))
  const hash = createHmac('sha1', key).update(step).digest()
  const at = (hash.at(-1) ?? 0) & 15
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

describe.runIf(full)('users', () => {
  it('one is added, gets another role, is shut out and let in again', async () => {
    const admin = await client()
    const tab = await visit('/people')
    const { page } = tab
    const name = '逐步建好的用户'
    const row = page.getByRole('row', { name: new RegExp(name) })
    const act = async (key: string) => {
      await page.getByRole('button', { name: t('people.acts_of', { name }), exact: true }).click(late)
      await page.getByRole('menuitem', { name: t(key), exact: true }).click()
    }
    await button(page, 'people.add').first().click(late)
    const form = dialog(page, t('people.add'))
    await field(form, t('login.name')).fill(name)
    await field(form, t('people.part.role')).selectOption('marketing')
    await field(form, t('people.part.scope')).selectOption('all')
    await button(form, 'people.make_password').click()
    const password = await field(form, t('login.password')).inputValue()
    await button(form, 'people.create').click()
    await page.getByText(password, { exact: true }).waitFor(late)
    await button(page, 'people.handed_over').click()
    await row.getByText(t('role.marketing'), { exact: true }).waitFor(late)
    const person = new Client(world().origin)
    await person.sign_in(name, password)
    expect(await person.get('me')).toMatchObject({ role: 'marketing' })

    await act('people.edit')
    const edit = dialog(page, t('people.edit_title', { name }))
    await field(edit, t('people.part.role')).selectOption('readonly')
    await button(edit, 'do.save').click()
    await edit.waitFor({ state: 'detached', ...late })
    await row.getByText(t('role.readonly'), { exact: true }).waitFor(late)
    expect((await admin.get(`users?name=${encodeURIComponent(name)}`)).items[0].role).toBe('readonly')

    await act('people.disable')
    await button(page.getByRole('dialog'), 'people.disable').click()
    await row.getByText(t('people.state.disabled'), { exact: true }).waitFor(late)
    expect((await person.raw('GET', '/api/v1/me')).status).toBe(401)
    await act('people.enable')
    await row.getByText(t('people.state.active'), { exact: true }).waitFor(late)
    await person.sign_in(name, password)
    expect(await person.get('me')).toMatchObject({ role: 'readonly' })
    expect_calm(tab)
  })
})

describe('tokens', () => {
  it('one is made and shown once, works, and is revoked', async () => {
    const tab = await visit('/people?tab=tokens')
    const { page } = tab
    await button(page, 'people.token_add').first().click(late)
    const form = dialog(page, t('people.token_add'))
    await field(form, t('people.token_name')).fill('报表程序')
    await button(form, 'people.create').click()
    const made = dialog(page, t('people.token_made', { name: '报表程序' }))
    const token = await made.locator('code').innerText(late)
    const status = async () => (await fetch(`${world().origin}/api/v1/contacts?limit=1`, { headers: { Authorization: `Bearer ${token}` } })).status
    expect(await status()).toBe(200)
    await button(made, 'people.token_kept').click()
    await made.waitFor({ state: 'detached' })
    const row = page.getByRole('row', { name: /报表程序/ })
    await row.getByText(t('people.token_scope.read'), { exact: true }).waitFor(late)
    expect(await page.getByText(token).count()).toBe(0)

    await row.getByRole('button', { name: `${t('people.token_revoke')} 报表程序` }).click()
    await button(page.getByRole('dialog'), 'people.token_revoke').click()
    await row.waitFor({ state: 'detached', ...late })
    expect(await status()).toBe(401)
    expect_calm(tab)
  })
})

describe.runIf(full)('one-time codes', () => {
  it('are switched on by scanning, asked for at the next sign-in, and then stand on the account', async () => {
    const admin = await client()
    const name = '用动态码的人'
    await admin.post('users', { name, role: 'marketing', password: world().password, corp: (await admin.get('corps')).items[0].id, scope: 'all' })
    const person = new Client(world().origin)
    await person.sign_in(name, world().password)
    const tab = await visit('/account', person)
    const { page } = tab
    await button(page, 'people.totp_begin').click(late)
    const form = dialog(page, t('people.totp_begin'))
    await form.getByRole('img', { name: t('people.totp_qr') }).waitFor(late)
    const secret = await form.locator('.totp-secret').innerText()
    const now = () => Date.now() / 1000
    await field(form, t('login.totp')).fill('000000')
    await button(form, 'people.totp_confirm').click()
    await form.getByText(t('people.wrong.code')).waitFor(late)
    await field(form, t('login.totp')).fill(code_at(secret, now()))
    await button(form, 'people.totp_confirm').click()
    await form.waitFor({ state: 'detached', ...late })
    await page.locator('.card', { has: page.getByRole('heading', { name: t('people.totp'), exact: true }) }).getByText(t('people.on'), { exact: true }).waitFor(late)

    await button(page, 'app.me').click()
    await page.getByRole('menuitem', { name: t('app.sign_out') }).click()
    await field(page, t('login.name')).fill(name, late)
    await field(page, t('login.password')).fill(world().password)
    await button(page, 'login.sign_in').click()
    await field(page, t('login.totp')).fill(code_at(secret, now() + 30), late) // a code serves once: the next one
    await button(page, 'login.sign_in').click()
    await page.getByRole('heading', { level: 1, name: t('home.title') }).waitFor(late)
    expect((await admin.get(`users?name=${encodeURIComponent(name)}`)).items[0].totp).toBe(true)
    expect_calm(tab, /status of 422/, /status of 401/, /status of 429/, /WebSocket/)
  })
})
