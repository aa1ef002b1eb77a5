// Pictures of pages: node scripts/shots.mjs BASE_URL OUT_DIR [--theme light,dark] [--lang zh,en] [--width 1440,1024,390] [--bad] PATH...
// Every console error, failed request and CSP violation is printed. Chromium is Debian's; fonts-noto-cjk must be there.
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const [base, out, ...rest] = process.argv.slice(2)
if (!base || !out) {
  console.error('usage: node scripts/shots.mjs BASE_URL OUT_DIR [--theme light,dark] [--lang zh,en] [--width 1440,390] [--keys "j j Space"] [--full] PATH...')
  process.exit(2)
}
const options = { theme: 'light', lang: 'zh', width: '1440', keys: '', full: '', wait: '900' }
const paths = []
for (let at = 0; at < rest.length; at += 1) {
  const word = rest[at]
  if (word === '--full') options.full = '1'
  else if (word.startsWith('--')) options[word.slice(2)] = rest[(at += 1)]
  else paths.push(word)
}
mkdirSync(out, { recursive: true })
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const context = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'shots-')), { executablePath: '/usr/bin/chromium', headless: true, args, serviceWorkers: 'block' })
for (const path of paths.length ? paths : ['/']) {
  for (const theme of options.theme.split(',')) {
    for (const lang of options.lang.split(',')) {
      for (const width of options.width.split(',').map(Number)) {
        const page = await context.newPage()
        page.on('console', (line) => line.type() === 'error' && console.log(`${path} console: ${line.text()}`))
        page.on('pageerror', (error) => console.log(`${path} error: ${error.message}`))
        await page.setViewportSize({ width, height: width < 500 ? 844 : 900 })
        await page.addInitScript((ui) => localStorage.setItem('lb.ui', JSON.stringify(ui)), { theme, lang })
        await page.goto(`${base}/console${path}`, { waitUntil: 'load' })
        await page.waitForTimeout(Number(options.wait))
        for (const key of options.keys.split(' ').filter(Boolean)) {
          await page.keyboard.press(key)
          await page.waitForTimeout(250)
        }
        if (options.keys) await page.waitForTimeout(600)
        const name = `${path.replace(/[^a-z0-9]+/gi, '_').replace(/^_|_$/g, '') || 'home'}-${theme}-${lang}-${width}.png`
        await page.screenshot({ path: join(out, name), fullPage: !!options.full })
        console.log(join(out, name))
        await page.close()
      }
    }
  }
}
await context.close()
