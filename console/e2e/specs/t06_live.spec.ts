import { describe, expect, it } from 'vitest'
import { Client } from '../client'
import { client, expect_calm, full, go, t, tab_of, use_browser, visitor, world } from '../desk'
import { live_line } from '../faults'
import { Server, eventually } from '../server'

use_browser()

const note = (admin: Client, contact: string, text: string) => admin.post(`contacts/${contact}/notes`, { text })

describe('live', () => {
  it('eight tabs have one socket, all of them are live, and calls still answer', async () => {
    const admin = await client()
    const contact = world().ids.contacts
    const context = await visitor()
    const line = await live_line(context)
    const tabs = []
    for (let at = 0; at < 8; at += 1) {
      const tab = await tab_of(context)
      await go(tab.page, `/contacts/${contact}`)
      tabs.push(tab)
    }
    await note(admin, contact, '八个标签页都要看到')
    await Promise.all(tabs.map((tab) => tab.page.getByText('八个标签页都要看到').waitFor()))
    expect(line.opened).toBe(1)
    const answers = await Promise.all(tabs.map((tab) => tab.page.evaluate(() => fetch('/api/v1/me').then((answer) => answer.status))))
    expect(answers).toEqual(Array(8).fill(200))

    // The tab with the socket goes; another takes over and nothing is lost.
    await tabs[0]?.page.close()
    await note(admin, contact, '换一个标签页领头')
    await Promise.all(tabs.slice(1).map((tab) => tab.page.getByText('换一个标签页领头').waitFor()))
    expect(line.opened).toBe(2)
    for (const tab of tabs) expect_calm(tab)
  })

  it('what changes between the reading of a page and its subscription is shown', async () => {
    const admin = await client()
    const contact = world().ids.contacts
    const context = await visitor()
    let ask: () => void = () => undefined
    const held = new Promise<void>((done) => (ask = done))
    await context.routeWebSocket(/\/api\/v1\/live$/, (socket) => {
      const server = socket.connectToServer()
      socket.onMessage((message) => void held.then(() => server.send(message)))
    })
    const tab = await tab_of(context)
    await go(tab.page, `/contacts/${contact}`)
    await tab.page.getByText(t('contacts.event.friend_added')).first().waitFor()
    await note(admin, contact, '订阅之前写下的')
    ask()
    await tab.page.getByText('订阅之前写下的').waitFor({ timeout: 5000 })
    expect_calm(tab)
  })

  it('a server that was killed and comes back: every tab goes on within ten seconds, without a reload', async () => {
    const server = new Server()
    try {
      const link = await server.start()
      const context = await visitor(null)
      const first = await tab_of(context)
      // The first start by the page itself: the one-time link makes the first admin.
      await first.page.goto(link.href)
      await first.page.getByLabel(t('login.name')).fill('first')
      await first.page.getByLabel(t('login.new_password')).fill('a password for one test')
      await first.page.getByLabel(t('login.password_again')).fill('a password for one test')
      await first.page.getByRole('button', { name: t('login.first_do'), exact: true }).click()
      await first.page.waitForURL((url) => !url.pathname.endsWith('/first'))

      const admin = new Client(server.origin)
      await admin.sign_in('first', 'a password for one test')
      await eventually('the sample company', async () => (await admin.raw('GET', '/api/v1/sandbox')).status === 200, 60)
      const contact = await eventually('somebody', async () => (await admin.get('contacts?limit=1')).items[0]?.id, 60)
      const tabs = [first]
      while (tabs.length < (full ? 8 : 3)) tabs.push(await tab_of(context))
      for (const tab of tabs) {
        await go(tab.page, `/contacts/${contact}`, server.origin)
        await tab.page.locator('.event').first().waitFor()
        await tab.page.evaluate(() => Object.assign(window, { untouched: true }))
      }
      await server.kill()
      await Promise.all(tabs.map((tab) => tab.page.getByText(t('state.live_lost')).waitFor()))
      await server.again()
      const back = Date.now()
      await note(admin, contact, '重启之后')
      await Promise.all(tabs.map((tab) => tab.page.getByText('重启之后').waitFor({ timeout: 10_000 })))
      expect(Date.now() - back).toBeLessThan(10_000)
      await Promise.all(tabs.map((tab) => tab.page.getByText(t('state.live_lost')).waitFor({ state: 'detached' })))
      expect(await Promise.all(tabs.map((tab) => tab.page.evaluate(() => 'untouched' in window)))).toEqual(tabs.map(() => true))
      for (const tab of tabs) expect_calm(tab, /WebSocket|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/)
    } finally {
      await server.end()
    }
    expect(server.faults()).toEqual([])
  })
})
