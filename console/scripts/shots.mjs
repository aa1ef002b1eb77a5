// Pictures of pages: node scripts/shots.mjs BASE_URL|FIRST_LINK OUT_DIR [--theme light,dark] [--lang zh,en] [--width 1440,1024,390]
//   [--keys "j j Space"] [--full] [--wait MS] [--small] PATH...
// FIRST_LINK is the one-time link that a start with --sandbox prints: then the first admin looks, and without a PATH every page is
// taken, each in both themes at 1440, 1024 and 390 px. --small makes the few small ones of docs/console.md. Every console error is
// printed. Chromium is Debian's; fonts-noto-cjk must be there.
import { mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [base, out, ...rest] = process.argv.slice(2)
if (!base || !out) {
  console.error('usage: node scripts/shots.mjs BASE_URL|FIRST_LINK OUT_DIR [--theme light,dark] [--lang zh,en] [--width 1440,390] [--keys "j j Space"] [--full] [--small] PATH...')
  process.exit(2)
}
const options = { theme: '', lang: 'zh', width: '', keys: '', full: '', small: '', wait: '900' }
const paths = []
for (let at = 0; at < rest.length; at += 1) {
  const word = rest[at]
  if (word === '--full' || word === '--small') options[word.slice(2)] = '1'
  else if (word.startsWith('--')) options[word.slice(2)] = rest[(at += 1)]
  else paths.push(word)
}
mkdirSync(out, { recursive: true })
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'shots-')), { executablePath: '/usr/bin/chromium', headless: true, args, serviceWorkers: 'block' })
const { origin, searchParams } = new URL(base)
const code = searchParams.get('code')
if (code) {
  const answer = await context.request.post(`${origin}/api/v1/auth/first`, { headers: { Origin: origin }, data: { code, name: '示例管理员', password: 'every page once more' } })
  if (!answer.ok()) throw new Error(`the first link was refused: ${await answer.text()}`)
}

/** The newest of a list, once the sandbox has made one. */
async function id_of(list) {
  for (let tries = 0; tries < 180; tries += 1) {
    const answer = await context.request.get(`${origin}/api/v1/${list}?limit=1`)
    const [item] = answer.ok() ? (await answer.json()).items : []
    if (item) return item.id
    await new Promise((done) => setTimeout(done, 1000))
  }
  throw new Error(`the sandbox made none of ${list}`)
}
const fixed = ['/home', '/contacts', '/leads', '/leads/board', '/channels', '/channels/new', '/sources', '/sources/new', '/segments', '/segments/new', '/tags', '/pushes', '/pushes/new', '/archive', '/archive/search', '/setup', '/system', '/system?tab=inbox', '/system?tab=jobs', '/people', '/people?tab=departments', '/people?tab=roles', '/people?tab=tokens', '/account', '/audit', '/sandbox', '/login', '/forbidden', '/nowhere']
async function every_page() {
  const found = [...fixed]
  for (const list of ['contacts', 'channels', 'sources', 'segments', 'pushes']) found.push(`/${list}/${await id_of(list)}`)
  for (const list of ['channels', 'sources']) found.push(`/${list}/${await id_of(list)}/edit`)
  return found
}
const file_name = (path) => path.replace(/\d{6,}/, 'one').replace(/[^a-z0-9]+/gi, '_').replace(/^_|_$/g, '') || 'home'

async function open(path, theme, lang, width, height) {
  const page = await context.newPage()
  page.on('console', (line) => line.type() === 'error' && console.log(`${path} console: ${line.text()}`))
  page.on('pageerror', (error) => console.log(`${path} error: ${error.message}`))
  await page.setViewportSize({ width, height })
  await page.addInitScript((ui) => localStorage.setItem('lb.ui', JSON.stringify(ui)), { theme, lang })
  await page.goto(`${origin}/console${path}`, { waitUntil: 'load' })
  await page.waitForTimeout(Number(options.wait))
  return page
}

async function press(page) {
  for (const key of options.keys.split(' ').filter(Boolean)) {
    await page.keyboard.press(key)
    await page.waitForTimeout(250)
  }
  if (options.keys) await page.waitForTimeout(600)
}

/** At each width of one page: the window grows narrower, as a person's would. */
async function take(path, theme, lang, widths) {
  const tall = (width) => (width < 500 ? 844 : 900)
  const page = await open(path, theme, lang, widths[0], tall(widths[0]))
  await press(page)
  for (const width of widths) {
    await page.setViewportSize({ width, height: tall(width) })
    await page.waitForTimeout(350)
    const file = join(out, `${file_name(path)}-${theme}-${lang}-${width}.png`)
    await page.screenshot({ path: file, fullPage: !!options.full })
    console.log(file)
  }
  await page.close()
}

/** A small picture for a document: at most 60 kB as WebP, which only the browser's own protocol makes. */
async function take_small(path, theme, width, height) {
  const page = await open(path, theme, 'zh', width, height)
  const session = await context.newCDPSession(page)
  const file = join(out, `${file_name(path)}${theme === 'dark' ? '-dark' : ''}${width < 500 ? '-phone' : ''}.webp`)
  for (let quality = 70; quality >= 20; quality -= 10) {
    const clip = { x: 0, y: 0, width, height, scale: width < 500 ? 0.8 : 0.62 }
    const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality, clip })
    writeFileSync(file, Buffer.from(data, 'base64'))
    if (statSync(file).size < 60_000) break
  }
  console.log(file, statSync(file).size)
  await page.close()
}

if (options.small) {
  await id_of('pushes') // by then there is something to see everywhere
  options.wait = '2500'
  await id_of('archive/conversations')
  const talks = (await (await context.request.get(`${origin}/api/v1/archive/conversations?kind=single&limit=50`)).json()).items
  const contact = talks.find((one) => one.contact && one.messages > 2)?.contact ?? (await id_of('contacts'))
  await take_small('/home', 'light', 1280, 800)
  await take_small('/contacts', 'light', 1280, 800)
  await take_small(`/contacts/${contact}`, 'dark', 1280, 800)
  await take_small('/leads/board', 'light', 1280, 800)
  await take_small(`/channels/${await id_of('channels')}`, 'light', 1280, 800)
  await take_small('/archive', 'dark', 390, 844)
} else {
  const split = (text, fallback) => (text || fallback).split(',')
  for (const path of paths.length ? paths : code ? await every_page() : ['/']) {
    for (const theme of split(options.theme, paths.length || !code ? 'light' : 'light,dark')) {
      for (const lang of split(options.lang, 'zh')) await take(path, theme, lang, split(options.width, paths.length || !code ? '1440' : '1440,1024,390').map(Number)).catch((error) => console.log(`${path}: ${error.message}`))
    }
  }
}
await context.close()
