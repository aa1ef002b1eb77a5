// Opens every page as the first admin of a daemon with the sandbox, and says what is wrong with it:
//   node scripts/pages.mjs FIRST_LINK [--all] [--shots FOLDER] [PATH...]
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

const paths = ['/home', '/contacts', '/leads', '/leads/board', '/channels', '/channels/new', '/sources', '/sources/new', '/segments', '/segments/new', '/tags', '/pushes', '/pushes/new', '/archive', '/archive/search', '/setup', '/system', '/people', '/account', '/audit', '/sandbox']
for (const list of ['contacts', 'channels', 'sources', 'segments', 'pushes']) {
  const id = await id_of(list)
  if (id) paths.push(`/${list}/${id}`)
  if (id && list === 'channels') paths.push(`/${list}/${id}/edit`)
}
// The newest message is the first hit of a search that only leaves out recalled ones.
const talk = await id_of('archive/conversations')
if (talk) paths.push(`/archive/search?recalled=no&hit=${await id_of(`archive/conversations/${talk}/messages`)}`)

let opened = 0
const faults = []
async function look_at(path, { theme, lang, width }) {
  const where = `${path} ${theme} ${lang} ${width}`
  const fault = (text) => faults.push(`${where}: ${text}`)
  const page = await context.newPage()
  page.on('console', (line) => line.type() === 'error' && fault(`console: ${line.text()}`))
  page.on('pageerror', (error) => fault(`error: ${error.message}`))
  await page.setViewportSize({ width, height: width < 500 ? 844 : 900 })
  await page.addInitScript((ui) => {
    localStorage.setItem('lb.ui', JSON.stringify(ui))
    window.csp_violations = []
    document.addEventListener('securitypolicyviolation', (event) => window.csp_violations.push(`${event.violatedDirective} ${event.blockedURI}`))
  }, { theme, lang })
  await page.goto(`${origin}/console${path}`, { waitUntil: 'load' })
  await page.waitForLoadState('networkidle', { timeout: 10_000 }).catch(() => fault('the network does not come to rest'))
  await page.waitForSelector('h1', { timeout: 10_000 }).catch(() => fault('no heading'))
  await page.waitForTimeout(500)
  const seen = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility?.() !== false && !element.querySelector('code') // a code is a key by right
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
  if (shots) await page.screenshot({ path: join(shots, `${path.replace(/\d{6,}/, 'one').replace(/[^a-z0-9]+/gi, '_').replace(/^_/, '')}-${theme}-${lang}-${width}.png`) })
  await page.close()
  opened += 1
}

if (shots) mkdirSync(shots, { recursive: true })
for (const path of paths.filter((path) => wanted.length === 0 || wanted.some((start) => path.startsWith(start)))) {
  for (const look of looks) await look_at(path, look).catch((error) => faults.push(`${path}: ${error.message}`))
}
await context.close()
for (const fault of faults) console.log(fault)
console.log(`report: pages: ${opened} opened, ${faults.length} faults`)
process.exit(faults.length ? 1 : 0)
