// Opens the toolbar's page (/side/) in every state, in a browser that plays WeCom's client, and says what is wrong with it:
//   node scripts/side_pages.mjs FIRST_LINK [--all] [--shots FOLDER] [STATE...]
// console errors, CSP violations, WCAG 2.2 AA by axe, wider than 360 px, text under 13 px, targets under 44 px, texts that are keys.
// Plain: light Chinese at 360×640 and dark English at 390×844; --all: every theme with every language. The sign-in, the signature
// and one card come from the daemon and its sandbox; the other answers are played. Where the link was used by pages.mjs, its account
// is taken.
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
  console.error('usage: node scripts/side_pages.mjs FIRST_LINK [--all] [--shots FOLDER] [STATE...]')
  process.exit(2)
}
const origin = new URL(link).origin
const sizes = [{ width: 360, height: 640 }, { width: 390, height: 844 }]
const looks = all
  ? ['light', 'dark'].flatMap((theme, at) => ['zh', 'en'].map((lang, other) => ({ theme, lang, size: sizes[(at + other) % 2] })))
  : [{ theme: 'light', lang: 'zh', size: sizes[0] }, { theme: 'dark', lang: 'en', size: sizes[1] }]
const agent = ({ theme, lang, outside, version = '4.1.30' }) =>
  `Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/122 Mobile${outside ? '' : ` wxwork/${version} MicroMessenger/7.0.1 Language/${lang} ColorScheme/${theme === 'dark' ? 'Dark' : 'Light'}`}`
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args })

// Somebody who has friends in the sample company, and may come in.
const office = await chromium.launchPersistentContext(mkdtempSync(join(tmpdir(), 'side-')), { executablePath: '/usr/bin/chromium', headless: true, args })
const asked = async (method, path, data, headers = {}) => {
  const answer = await office.request.fetch(`${origin}/api/v1/${path}`, { method, headers: { Origin: origin, ...headers }, ...(data ? { data } : {}) })
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`)
  return answer.json()
}
const account = { name: 'pages', password: 'every page once more' } // of pages.mjs
const me = await asked('POST', 'auth/first', { code: new URL(link).searchParams.get('code'), ...account }).catch(() => asked('POST', 'auth/local', account))
await asked('PUT', 'departments/roles', { items: [{ department: '1', role: 'sales' }] }, { 'X-CSRF-Token': me.csrf_token })
async function somebody() {
  for (let tries = 0; tries < 60; tries += 1) {
    for (const { id } of (await asked('GET', 'contacts?limit=20')).items) {
      const card = await asked('GET', `contacts/${id}`)
      const follow = card.follows.find((one) => one.live && !one.half)
      if (follow && card.tags.length) return { id, follow }
    }
    await new Promise((done) => setTimeout(done, 1000))
  }
  throw new Error('nobody was added in a minute')
}
const { follow } = await somebody()
await office.close()

const ok = (name, more = {}) => ({ err_msg: `${name}:ok`, ...more })
const single = { getContext: ok('getContext', { entry: 'single_chat_tools' }), getCurExternalContact: ok('getCurExternalContact', { userId: follow.external_userid }) }
const problem = (status, code, more = {}) => ({ status, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: code, status, code, request_id: '01J8EXAMPLE', ...more }) })
const in_group = { getContext: ok('getContext', { entry: 'group_chat_tools' }), getCurExternalChat: ok('getCurExternalChat', { chatId: 'wr_example' }) }
const group = {
  name: '沙田新房装修群', owner_name: '示例成员1', created: '2026-10-01T00:00:00Z', colleagues: 2,
  contacts: [
    { external_userid: 'wm_1', name: '示例客户', followed: true, remark: '林小姐 三居室', stage: 'qualified', joined: null },
    { external_userid: 'wm_2', name: '一位名字特别特别特别长的客户用来试试换行', followed: false, remark: '', stage: '', joined: null },
  ],
}
const long = '超长'.repeat(40)
const crowded = (card) => ({
  ...card,
  contact: { ...card.contact, name: '<img src=x onerror=alert(1)>一位名字特别长的客户', company: '示例装饰工程有限公司华南分公司', position: '采购经理', type: 2 },
  opted_out: true,
  follow: { ...card.follow, half: true, remark: long.slice(0, 20), description: long },
  channel_name: '2026 秋季家装展会南门 A 区海报',
  identities: [{ kind: 'phone', value: '138****0001' }, { kind: 'email', value: 'a***@example-of-a-long-domain.com' }],
  colleagues: ['示例成员2', '赵敏', 'Alexandra Montgomery'].map((name, at) => ({ member: String(at), name, added: null })),
  tags: Array.from({ length: 14 }, (_, at) => ({ id: String(at), group: at % 3 ? '意向' : '', name: at === 5 ? long.slice(0, 30) : `标签 ${at}`, kind: at % 2 ? 'wecom' : 'internal' })),
  leads: ['following', 'converted', 'invalid'].map((status, at) => ({ lead: { ...card.leads[0].lead, id: String(at), status, stage: at ? '' : 'qualified' }, owner_name: at ? '' : '示例成员1', source_name: at ? '' : '门店海报' })),
  chat: { from_contact: 123, from_member: 98, last: new Date(Date.now() - 3_600_000).toISOString(), last_from_contact: true },
  notes: [{ id: '1', at: new Date(Date.now() - 86_400_000).toISOString(), actor: 'user:wangfang', text: `${long}\n第二行 https://example.com/${'a'.repeat(60)}` }],
})
const states = {
  card: { played: single },
  crowded: { played: single, change: crowded },
  note: { played: single, write: '<b>要两套</b>，周六量房' }, // saved by the daemon
  outside: { outside: true },
  demo: { outside: true, press: 'main button' },
  loading: { played: single, slow: true },
  syncing: { played: single, answer: problem(404, 'contact_unknown') },
  not_following: { played: single, answer: problem(403, 'not_following', { owner: '示例成员1' }) },
  nobody_follows: { played: single, answer: problem(403, 'not_following', { owner: '' }) },
  failed: { played: single, answer: problem(500, 'internal') },
  busy: { played: single, answer: problem(503, 'store_unavailable') },
  offline: { played: single, cut: true },
  elsewhere: { played: { getContext: ok('getContext', { entry: 'normal' }) } },
  group: { played: in_group, group },
  not_in_group: { played: in_group, answer: problem(403, 'not_in_group') },
  no_role: { played: single, sign_in: problem(403, 'no_role') },
  domain: { played: { agentConfig: { err_msg: 'agentConfig:not match any reliable domain more info at https://open.work.weixin.qq.com/devtool/query?e=80001' } } },
  no_right: { played: { ...single, getCurExternalContact: { err_msg: 'getCurExternalContact:fail no permission' } } },
  old_client: { version: '2.8.20', played: { getContext: { err_msg: 'getContext:fail_function not exist' } }, press: '.buttons button:last-child' },
  silent: { played: { getContext: null } },
  no_ticket: { played: single, signature: problem(502, 'ip_untrusted', { detail: 'get_jsapi_ticket: this address is not trusted (errcode 60020, from ip: 203.0.113.9)' }) },
}

/** WeCom's client, at its lowest level: what the SDK speaks to. */
function play(played) {
  window.csp_violations = []
  new MutationObserver((_, watch) => {
    if (!document.querySelector('article h1')) return
    window.card_at = performance.now()
    watch.disconnect()
  }).observe(document, { childList: true, subtree: true })
  document.addEventListener('securitypolicyviolation', (event) => window.csp_violations.push(`${event.violatedDirective} ${event.blockedURI}`))
  window.WeixinJSBridge = {
    on: () => undefined,
    invoke: (name, _given, done) => {
      const answer = name in played ? played[name] : { err_msg: `${name}:ok` }
      if (answer) setTimeout(() => done(answer), 5)
    },
  }
}

const faults = []
const times = []
let opened = 0
const signed_in = { storage: undefined }

async function routes(page, state) {
  const for_contact = async (route) => {
    if (state.slow) return // never
    if (state.cut) return route.abort('internetdisconnected')
    if (state.answer) return route.fulfill(state.answer)
    if (!state.change) return route.continue()
    const got = await route.fetch()
    return route.fulfill({ response: got, json: state.change(await got.json()) })
  }
  await page.route('**/api/v1/side/contact?*', for_contact)
  await page.route('**/api/v1/side/group?*', (route) => (state.group ? route.fulfill({ json: state.group }) : route.fulfill(state.answer)))
  if (state.signature) await page.route('**/api/v1/side/signature?*', (route) => route.fulfill(state.signature))
  if (state.sign_in) await page.route('**/api/v1/auth/wecom', (route) => route.fulfill(state.sign_in))
}

/** Through the sandbox's sign-in page, as the member who has the friend. */
async function come_in(page) {
  const member = page.locator(`a[href*="userid=${encodeURIComponent(follow.userid)}"]`)
  await member.click({ timeout: 15_000 })
  await page.waitForURL(/\/side\//, { timeout: 15_000 })
}

async function look_at(name, { theme, lang, size }) {
  const state = states[name]
  const where = `${name} ${theme} ${lang} ${size.width}`
  const fault = (text) => faults.push(`${where}: ${text}`)
  const fresh = state.sign_in || state.outside
  const context = await browser.newContext({
    viewport: size, userAgent: agent({ theme, lang, outside: state.outside, version: state.version }), locale: lang === 'zh' ? 'zh-CN' : 'en-GB',
    colorScheme: theme, ...(fresh ? {} : { storageState: signed_in.storage }),
  })
  const page = await context.newPage()
  const expected = state.answer || state.cut || state.signature || state.sign_in
  page.on('console', (line) => line.type() === 'error' && !(/status of 401/.test(line.text()) || (expected && /Failed to load resource/.test(line.text()))) && fault(`console: ${line.text()}`))
  page.on('pageerror', (error) => fault(`error: ${error.message}`))
  await page.addInitScript(play, state.played ?? {})
  await routes(page, state)
  await page.goto(`${origin}/side/`, { waitUntil: 'load' })
  if (!state.outside && (state.sign_in || !signed_in.storage)) {
    await come_in(page)
    if (!state.sign_in) {
      await page.waitForSelector('article, .message, .trouble', { timeout: 15_000 })
      signed_in.storage = await context.storageState()
    }
  }
  const settled = name === 'loading' ? '.skeleton' : 'article h1, .message h1, .trouble h1'
  await page.waitForSelector(settled, { timeout: name === 'silent' ? 15_000 : 10_000 }).catch(() => fault(`does not settle: ${settled}`))
  if (state.press) await page.click(state.press)
  if (state.write) {
    const text = `${state.write} ${opened}`
    await page.fill('#note', text)
    await page.click('form button')
    await page.waitForFunction((text) => [...document.querySelectorAll('.said')].some((one) => one.textContent === text), text, { timeout: 10_000 }).catch(() => fault('the note does not appear'))
    await page.waitForFunction(() => document.querySelector('#note').value === '', undefined, { timeout: 5000 }).catch(() => fault('the note stays in its field'))
  }
  await page.waitForTimeout(250)
  const seen = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility() && !element.closest('.hidden')
    const own_text = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())
    const everything = [...document.body.querySelectorAll('*')].filter(shown)
    return {
      csp: window.csp_violations,
      wide: document.documentElement.scrollWidth - window.innerWidth,
      small: everything.filter((element) => own_text(element) && parseFloat(getComputedStyle(element).fontSize) < 13).map((element) => element.textContent.trim()),
      narrow: everything.filter((element) => ['BUTTON', 'A', 'TEXTAREA'].includes(element.tagName)).filter((element) => element.offsetHeight < 44 || element.offsetWidth < 44).map((element) => element.textContent.trim()),
      keys: everything.filter(own_text).map((element) => element.textContent.trim()).filter((text) => /^[a-z_]+(\.[a-z0-9_]+)+$/.test(text)),
      dark: document.documentElement.classList.contains('dark'),
      lang: document.documentElement.lang,
      address: location.href,
      paint: performance.getEntriesByType('paint').find((entry) => entry.name === 'first-contentful-paint')?.startTime ?? 0,
      card: window.card_at ?? 0,
    }
  })
  seen.csp?.forEach((text) => fault(`CSP: ${text}`))
  if (seen.wide > 0) fault(`${seen.wide} px wider than the window`)
  seen.small.forEach((text) => fault(`smaller than 13 px: ${text}`))
  seen.narrow.forEach((text) => fault(`a target under 44 px: ${text}`))
  seen.keys.forEach((text) => fault(`a key instead of a text: ${text}`))
  if (name === 'card') times.push(`${Math.round(seen.paint)}/${Math.round(seen.card)}`)
  if (seen.dark !== (theme === 'dark')) fault('the theme is not the client\'s')
  if (!seen.lang.startsWith(lang)) fault(`the language is ${seen.lang}`)
  if (seen.address.includes('code=') && !state.sign_in) fault(`the code stays in the address: ${seen.address}`)
  const axe = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze()
  for (const rule of axe.violations) fault(`axe ${rule.id} (${rule.nodes.length}): ${rule.nodes[0].target.join(' ')} — ${rule.nodes[0].failureSummary?.split('\n')[1]?.trim() ?? rule.help}`)
  if (shots) await page.screenshot({ path: join(shots, `${name}-${theme}-${lang}-${size.width}.png`), fullPage: true })
  await context.close()
  opened += 1
}

if (shots) mkdirSync(shots, { recursive: true })
for (const name of Object.keys(states).filter((one) => wanted.length === 0 || wanted.includes(one))) {
  for (const look of looks) await look_at(name, look).catch((error) => faults.push(`${name}: ${error.message.split('\n')[0]}`))
}
await browser.close()
for (const text of faults) console.log(text)
if (times.length) console.log(`report: side: first paint / card after ms: ${times.join(' ')}`)
console.log(`report: side: ${opened} opened, ${faults.length} faults`)
process.exit(faults.length ? 1 : 0)
