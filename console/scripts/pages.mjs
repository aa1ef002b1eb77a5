// Opens every page as the first admin of a daemon with the sandbox, and says what is wrong with it:
//   node scripts/pages.mjs FIRST_LINK [--all] [--shots FOLDER] [PATH...]
// A PATH ending in $ is meant whole, else all that begin so; a state of a page that a click opens is PATH+STATE.
// console errors, CSP violations, WCAG 2.2 AA by axe, a page wider than its window, texts that are keys, Chinese in the English
// controls. Plain: light Chinese at 1440 px and dark English at 390 px; --all: both themes and languages at 1440, 1024 and 390 px.
// FIRST_LINK is the one-time link that a start prints. Chromium is Debian's.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { chromium } from 'playwright-core'

const words = process.argv.slice(2)
const take = (name) => (words.includes(name) ? words.splice(words.indexOf(name), 1).length > 0 : false)
const all = take('--all')
const shots_at = words.indexOf('--shots')
const shots = shots_at < 0 ? '' : words.splice(shots_at, 2)[1]
const [link, ...wanted] = words
if (!link) {
  console.error('usage: node scripts/pages.mjs FIRST_LINK [--all] [--shots FOLDER] [PATH...]')
  process.exit(2)
}
const first = new URL(link)
const origin = first.origin
const looks = all
  ? ['light', 'dark'].flatMap((theme) => ['zh', 'en'].flatMap((lang) => [1440, 1024, 390].map((width) => ({ theme, lang, width }))))
  : [
      { theme: 'light', lang: 'zh', width: 1440 },
      { theme: 'dark', lang: 'en', width: 390 },
    ]

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'pages-')), { executablePath: '/usr/bin/chromium', headless: true, args, serviceWorkers: 'block' })
const api = async (path) => {
  const answer = await context.request.get(`${origin}/api/v1/${path}`)
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`)
  return answer.json()
}
const sign_in = await context.request.post(`${origin}/api/v1/auth/first`, {
  headers: { Origin: origin },
  data: { code: first.searchParams.get('code'), name: 'pages', password: 'every page once more' },
})
if (!sign_in.ok()) throw new Error(`the first link was refused: ${await sign_in.text()}`)

/** The first object of a list, once the sandbox has made one. */
async function id_of(list) {
  for (let tries = 0; tries < 30; tries += 1) {
    const [item] = (await api(`${list}?limit=1`)).items
    if (item) return item.id
    await new Promise((done) => setTimeout(done, 1000))
  }
  return ''
}

/** What a click or key opens on a page: the path, then `open` and the selector that shows it is there. */
const states = [
  ['/home', 'palette', (page) => page.keyboard.press('Control+k'), '.palette-item'],
  ['/home', 'help', (page) => page.locator('.top .btn.icon:not(.top-menu)').first().click(), '.modal .help'],
  ['/home', 'keys', (page) => page.keyboard.press('Shift+?'), '[aria-modal=true] kbd'],
  ['/home', 'notices', (page) => page.locator('.bell').click(), '.bell-list'],
  ['/contacts', 'filter', open_filter, '.term .term-op'],
  ['/contacts', 'columns', (page) => page.locator('.gview-tools .btn.icon').last().click(), '.column-line'],
  ['/tags', 'dialog', (page) => page.keyboard.press('n'), '[role=dialog] form'],
  ['/people', 'dialog', (page) => page.keyboard.press('n'), '[role=dialog] .user-form'],
  ['/people?tab=tokens', 'dialog', (page) => page.keyboard.press('n'), '[role=dialog] form'],
]
async function open_filter(page) {
  await page.locator('.gview-tools > .btn:not(.icon)').first().click()
  await page.locator('.filter').waitFor()
  if (!(await page.locator('.term').count())) await page.locator('.fgroup .btn.link').first().click()
}

const fits = (name) => wanted.length === 0 || wanted.some((one) => (one.endsWith('$') ? name === one.slice(0, -1) : name.startsWith(one)))
const places = []
const add = (path, name = path, more = {}) => fits(name) && places.push({ path, name, ...more })
for (const path of ['/home', '/contacts', '/leads', '/leads/board', '/channels', '/channels/new', '/sources', '/sources/new', '/segments', '/segments/new', '/tags', '/pushes', '/pushes/new', '/archive', '/archive/search', '/setup', '/system', '/system?tab=inbox', '/system?tab=jobs', '/people', '/people?tab=departments', '/people?tab=roles', '/people?tab=tokens', '/account', '/audit', '/sandbox', '/forbidden', '/nowhere']) add(path)
for (const [path, state, open, there] of states) add(path, `${path}+${state}`, { open, there })
for (const list of ['contacts', 'channels', 'sources', 'segments', 'pushes']) {
  if (wanted.length && !wanted.some((one) => one.startsWith(`/${list}`) && !one.endsWith('$'))) continue
  const id = await id_of(list)
  if (id) add(`/${list}/${id}`)
  if (id && ['channels', 'sources'].includes(list)) add(`/${list}/${id}/edit`)
}
// The newest message is the first hit of a search that only leaves out recalled ones.
if (fits('/archive/search?')) {
  const talk = await id_of('archive/conversations')
  if (talk) add(`/archive/search?recalled=no&hit=${await id_of(`archive/conversations/${talk}/messages`)}`)
}
for (const path of ['/login', '/first']) add(path, path, { nobody: true }) // last: from here on nobody is signed in

const at_rest = () => !document.querySelector('#main .skeleton') && document.getAnimations().every((one) => one.playState !== 'running' || one.effect?.getComputedTiming().endTime === Infinity)

let opened = 0
const faults = []
async function look_at({ path, name, open, there, nobody }, { theme, lang, width }) {
  const where = `${name} ${theme} ${lang} ${width}`
  const fault = (text) => faults.push(`${where}: ${text}`)
  const page = await context.newPage()
  // Nobody is asked who they are: that answers 401, and the browser says so by itself.
  const named = (line) => nobody && / status of 401 /.test(line.text()) && line.location().url.endsWith('/me')
  page.on('console', (line) => line.type() === 'error' && !named(line) && fault(`console: ${line.text()}`))
  page.on('pageerror', (error) => fault(`error: ${error.message}`))
  await page.setViewportSize({ width, height: width < 500 ? 844 : 900 })
  await page.addInitScript((ui) => {
    localStorage.setItem('lb.ui', JSON.stringify(ui))
    window.csp_violations = []
    document.addEventListener('securitypolicyviolation', (event) => window.csp_violations.push(`${event.violatedDirective} ${event.blockedURI}`))
  }, { theme, lang })
  await page.goto(`${origin}/console${path}`, { waitUntil: 'load' })
  await page.waitForLoadState('networkidle', { timeout: 30_000 }).catch(() => fault('the network does not come to rest'))
  await page.waitForSelector('h1', { timeout: 30_000 }).catch(() => fault('no heading'))
  if (open) {
    await open(page)
    await page.waitForSelector(there, { timeout: 30_000 }).catch(() => fault('did not open'))
  }
  await page.waitForTimeout(300)
  await page.waitForFunction(at_rest, undefined, { timeout: 30_000 }).catch(() => fault('skeletons or movements that do not end'))
  const seen = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility?.() !== false && !element.querySelector('code, [translate=no]') // codes and people's own names stand as they are
    const texts = (selector) => [...document.querySelectorAll(selector)].filter(shown).map((element) => element.textContent.trim())
    return {
      csp: window.csp_violations,
      wide: document.documentElement.scrollWidth - window.innerWidth,
      keys: texts('h1, h2, h3, button, label, th, nav a, dt, [role=tab]').filter((text) => /^[a-z_]+(\.[a-z0-9_]+)+$/.test(text)),
      controls: texts('nav a:not(.nav-brand), th:not([scope=rowgroup]), label, [role=tab], h1').filter((text) => /\p{Script=Han}/u.test(text)),
    }
  })
  seen.csp.forEach((text) => fault(`CSP: ${text}`))
  if (seen.wide > 1) fault(`${seen.wide} px wider than the window`)
  seen.keys.forEach((text) => fault(`a key instead of a text: ${text}`))
  if (lang === 'en' && !/^\/\w+\/\d+/.test(path)) seen.controls.forEach((text) => fault(`Chinese: ${text}`))
  const axe = await new AxeBuilder({ page }).options({ rules: { 'label-content-name-mismatch': { enabled: true } } }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  for (const rule of axe.violations) fault(`axe ${rule.id} (${rule.nodes.length}): ${rule.nodes[0].target.join(' ')} — ${rule.nodes[0].failureSummary?.split('\n')[1]?.trim() ?? rule.help}`)
  if (shots) await page.screenshot({ path: join(shots, `${name.replace(/\d{6,}/, 'one').replace(/[^a-z0-9]+/gi, '_').replace(/^_/, '')}-${theme}-${lang}-${width}.png`) })
  await page.close()
  opened += 1
}

if (shots) mkdirSync(shots, { recursive: true })
for (const place of places) {
  if (place.nobody) await context.clearCookies()
  for (const look of looks) await look_at(place, look).catch((error) => faults.push(`${place.name}: ${error.message}`))
}
await context.close()
for (const fault of faults) console.log(fault)
console.log(`report: pages: ${opened} opened, ${faults.length} faults`)
process.exit(faults.length || !opened ? 1 : 0)
