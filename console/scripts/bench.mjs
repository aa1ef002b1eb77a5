// The speed of the pages, for deploy/bench console: node scripts/bench.mjs ORIGIN USER PASSWORD ROUNDS
// Every round is a browser context with an empty cache. Prints a line per target: the median of the rounds, and what it would be on
// the machine of the targets by a loop of fixed work in the same browser. Nothing gates on it; sizes do (sizes.mjs).
import { chromium } from 'playwright-core'

const [origin, name, password, rounds_text] = process.argv.slice(2)
const rounds = Number(rounds_text ?? 5)
if (!password) {
  console.error('usage: node scripts/bench.mjs ORIGIN USER PASSWORD ROUNDS')
  process.exit(2)
}
const loop_on_reference = 125 // ms of calibrate() on the machine of docs/storage.md when nothing else runs
const filters = 30
const searches = 15
const people = 15

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args })

const sorted = (list) => [...list].sort((a, b) => a - b)
const median = (list) => sorted(list)[Math.floor(list.length / 2)] ?? NaN
const p95 = (list) => sorted(list)[Math.floor(list.length * 0.95)] ?? NaN

async function signed_in() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block' })
  const answer = await context.request.post(`${origin}/api/v1/auth/local`, { headers: { Origin: origin }, data: { name, password } })
  if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`)
  const { csrf_token } = await answer.json()
  const call = async (method, path, data) => {
    const made = await context.request.fetch(`${origin}/api/v1/${path}`, { method, headers: { Origin: origin, 'X-CSRF-Token': csrf_token, 'If-Match': '*' }, ...(data ? { data } : {}) })
    if (!made.ok()) throw new Error(`${method} ${path}: ${made.status()} ${await made.text()}`)
    return method === 'DELETE' ? null : made.json()
  }
  await context.addInitScript(() => {
    const seen = { lcp: 0, cls: 0, shifted: '', interactions: [] }
    let largest = 0
    const named = (node) => `${node?.nodeName?.toLowerCase() ?? ''}.${String(node?.className ?? '').split(' ')[0]}`
    window.seen = seen
    const watch = (type, take, more = {}) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true, ...more })
    watch('largest-contentful-paint', (entry) => (seen.lcp = entry.startTime))
    watch('layout-shift', (entry) => {
      if (entry.hadRecentInput) return
      seen.cls += entry.value
      if (entry.value > largest) seen.shifted = `${(largest = entry.value).toFixed(2)} ${entry.sources.map((one) => named(one.node)).join(' ')}`
    })
    watch('event', (entry) => entry.interactionId && seen.interactions.push({ ms: entry.duration, what: `${entry.name} ${named(entry.target)} on ${location.pathname.replace(/\d{6,}/, 'one')}` }), { durationThreshold: 16 })
    // Resolves with the time when what `done` waits for has been painted.
    window.painted = (done) =>
      new Promise((resolve, reject) => {
        const began = performance.now()
        const look = () => {
          if (performance.now() - began > 10_000) reject(new Error(`not painted: ${done}`))
          else if (done()) requestAnimationFrame(() => setTimeout(() => resolve(performance.now())))
          else requestAnimationFrame(look)
        }
        look()
      })
    // The list shows the answer to its last question.
    window.settled = () => !!document.querySelector('.grid-body .grid-row, .gview-state .empty') && !document.querySelector('.grid.stale')
  })
  return { context, call }
}

/** Work of a fixed size, in ms: the fastest of five. */
async function calibrate(page) {
  return page.evaluate(() => {
    const times = []
    for (let run = 0; run < 5; run += 1) {
      const began = performance.now()
      let x = 123456789
      for (let i = 0; i < 60_000_000; i += 1) {
        x ^= x << 13
        x ^= x >>> 17
        x ^= x << 5
      }
      times.push(performance.now() - began + (x === 42 ? 1 : 0))
    }
    return Math.min(...times)
  })
}

async function opened(context, path) {
  const page = await context.newPage()
  await page.goto(`${origin}/console${path}`, { waitUntil: 'load' })
  await page.waitForSelector('h1')
  await page.waitForLoadState('networkidle', { timeout: 15_000 }).catch(() => undefined)
  return page
}

async function largest_paint(path) {
  const { context } = await signed_in()
  const page = await opened(context, path)
  await page.waitForTimeout(300)
  const { lcp, cls, shifted } = await page.evaluate(() => window.seen)
  await context.close()
  return { lcp, cls, shifted: `${path} ${shifted}` }
}

/** Saved views with conditions of their own, clicked one after another: from the click to the painted rows. */
async function filter_times({ context, call }) {
  const tags = (await call('GET', 'tags')).items
  const made = []
  for (let at = 0; at < filters; at += 1) {
    const [one, two] = [tags[at % tags.length], tags[(at * 7 + 3) % tags.length]]
    const conditions = [{ tag: one.id }, { all: [{ tag: one.id }, { not: { tag: two.id } }] }, { all: [{ tag: one.id }, { field: 'last_touch', op: 'within', value: `${30 + at}d` }] }]
    made.push(await call('POST', 'views', { page: 'contacts', name: `bench ${Date.now()} ${at}`, body: { condition: conditions[at % 3], sort: '-created', columns: null }, shared: false }))
  }
  const page = await opened(context, '/contacts')
  const times = await page.evaluate(async (names) => {
    const out = []
    await window.painted(window.settled)
    for (const one of names) {
      const tab = [...document.querySelectorAll('.tab-name')].find((element) => element.textContent.trim() === one)
      const began = performance.now()
      tab.click()
      await new Promise((next) => requestAnimationFrame(next))
      out.push((await window.painted(window.settled)) - began)
      await new Promise((next) => setTimeout(next, 50))
    }
    return out
  }, made.map((view) => view.name))
  for (const view of made) await call('DELETE', `views/${view.id}`)
  await page.close()
  return times
}

/** Typed into the search of the list: from the question, which follows the last letter by 250 ms, to the painted rows. */
async function search_times({ context, call }) {
  const names = (await call('POST', 'contacts/query', { sort: '-last_touch', limit: 200 })).items.map((row) => row.name)
  const page = await opened(context, '/contacts')
  const times = await page.evaluate(async (texts) => {
    const out = []
    const field = document.querySelector('[data-search]')
    await window.painted(window.settled)
    for (const text of texts) {
      field.value = text
      field.dispatchEvent(new Event('input', { bubbles: true }))
      const began = await window.painted(() => !window.settled())
      out.push((await window.painted(window.settled)) - began)
    }
    return out
  }, Array.from({ length: searches }, (_, at) => (at % 2 ? names[at * 9] : names[at * 9].slice(0, 2))).filter((text, at, all) => all.indexOf(text) === at))
  await page.close()
  return times
}

/** From the click on a row's name to the contact's painted card and timeline, and back to the list. */
async function contact_times({ context }) {
  const page = await opened(context, '/contacts')
  const times = await page.evaluate(async (n) => {
    const out = []
    for (let at = 0; at <= n; at += 1) {
      await window.painted(window.settled)
      const link = document.querySelectorAll('.grid-body a[href*="/contacts/"]')[at % 12]
      const began = performance.now()
      link.click()
      const there = await window.painted(() => /\/contacts\/\d+$/.test(location.pathname) && document.querySelector('h1') && !/^…/.test(document.querySelector('h1').textContent.trim()) && !document.querySelector('main .skeleton'))
      if (at > 0) out.push(there - began) // the first loads the page's own code
      history.back()
      await window.painted(() => /\/contacts$/.test(location.pathname))
    }
    return out
  }, people)
  await page.close()
  return times
}

/** Sixty presses and clicks as somebody makes them; the longest interaction, and which. */
async function longest_interaction({ context }) {
  const page = await opened(context, '/contacts')
  const press = (key) => () => page.keyboard.press(key)
  const click = (selector) => () => page.locator(selector).first().click({ timeout: 3000 })
  const actions = [
    ...Array(6).fill(press('j')), press('k'), press('x'), press('j'), press('x'), press('Space'), press('j'), press('j'), press('Space'), press('Escape'), press('Escape'),
    click('.grid-sort'), click('.grid-sort'), press('f'), press('Escape'), press('Control+k'), ...[...'wang'].map((key) => press(key)), press('ArrowDown'), press('Escape'), press('Escape'),
    press('/'), ...[...'li'].map((key) => press(key)), press('Backspace'), press('Backspace'), press('Escape'),
    press('g'), press('l'), press('j'), press('j'), press('Space'), press('Escape'), press('v'), press('g'), press('h'), press('g'), press('c'), press('j'), press('Enter'),
    press('g'), press('s'), press('g'), press('p'), press('g'), press('q'), press('g'), press('c'), press('j'), press('j'), press('x'), press('Escape'), press('Shift+?'), press('Escape'),
  ]
  for (const act of actions.slice(0, 60)) {
    await act().catch((error) => console.error(`an action failed: ${error.message.split('\n')[0]}`))
    await page.waitForTimeout(120)
  }
  await page.waitForTimeout(300)
  const all = await page.evaluate(() => window.seen.interactions)
  await page.close()
  return { n: Math.min(60, actions.length), ...(all.sort((a, b) => b.ms - a.ms)[0] ?? { ms: 0, what: 'none above 16 ms' }) }
}

const seen = { loop: [], home: [], contacts: [], cls: [], filter: [], search: [], contact: [], interaction: [] }
const longest = []
const shifts = []
for (let round = 0; round < rounds; round += 1) {
  const home = await largest_paint('/home')
  const contacts = await largest_paint('/contacts')
  seen.home.push(home.lcp)
  seen.contacts.push(contacts.lcp)
  const worse = home.cls > contacts.cls ? home : contacts
  seen.cls.push(worse.cls)
  shifts.push(worse.shifted)
  const person = await signed_in()
  const blank = await person.context.newPage()
  seen.loop.push(await calibrate(blank))
  await blank.close()
  seen.filter.push(p95(await filter_times(person)))
  seen.search.push(p95(await search_times(person)))
  seen.contact.push(p95(await contact_times(person)))
  const interaction = await longest_interaction(person)
  seen.interaction.push(interaction.ms)
  longest.push(interaction)
  await person.context.close()
}
await browser.close()

const scale = median(seen.loop) / loop_on_reference
console.log(`CPU loop ${median(seen.loop).toFixed(0)} ms, ${scale.toFixed(2)} times that of the reference machine`)
const say = (text, list, target, unit = 'ms') => {
  const value = median(list)
  const fair = unit === 'ms' ? value / Math.max(1, scale) : value
  const verdict = fair <= target ? 'ok' : fair <= 2 * target ? 'ABOVE' : 'FAR ABOVE'
  const digits = unit === 'ms' ? 0 : 3
  console.log(`${verdict.padEnd(9)} ${value.toFixed(digits).padStart(6)} ${unit}, calibrated ${fair.toFixed(digits)}, target ${target}: ${text} (rounds ${list.map((one) => one.toFixed(digits)).join(' ')})`)
}
say('LCP of the home page, empty cache', seen.home, 1000)
say('LCP of the contacts, empty cache', seen.contacts, 1000)
say(`layout shift (${shifts.at(-1)})`, seen.cls, 0.05, '')
say(`longest of ${longest[0]?.n ?? 0} interactions (${longest.map((one) => one.what).join('; ')})`, seen.interaction, 100)
say(`p95 of ${filters} filters, click to painted`, seen.filter, 300)
say('p95 of searches, question to painted', seen.search, 300)
say(`p95 of ${people} contact pages, click to painted`, seen.contact, 300)
