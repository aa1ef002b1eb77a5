// Texts: the same keys in Chinese and English, the same {names} in both, none unused, none missing, page titles of at most 4 characters.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const pages = join(root, 'desk/src/pages')
const walk = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })
const flat = (value, prefix = '') =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([key, one]) => flat(one, prefix ? `${prefix}.${key}` : key))
    : [[prefix, value]]
const names = (value) => [...String(value).matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort().join(',')

const faults = []
const desk = new Set()
function pair(folder, space, known = desk) {
  const [zh, en] = ['zh', 'en'].map((lang) => new Map(flat(JSON.parse(readFileSync(join(folder, `${lang}.json`), 'utf8')))))
  for (const [key, value] of zh) {
    known.add(space ? `${space}.${key}` : key)
    if (!en.has(key)) faults.push(`${relative(root, folder)}/en.json: ${key} is missing`)
    else if (names(value) !== names(en.get(key))) faults.push(`${relative(root, folder)}: ${key} has other {names} in English`)
    if (Array.isArray(value) && value.length !== en.get(key)?.length) faults.push(`${relative(root, folder)}: ${key} has another number of lines in English`)
    if (/[{}]/.test(String(value).replace(/\{\w+\}/g, '')) || /[{}]/.test(String(en.get(key) ?? '').replace(/\{\w+\}/g, ''))) faults.push(`${relative(root, folder)}: ${key} has more than {names} in braces`)
    if (/[！!]/.test(String(value))) faults.push(`${relative(root, folder)}/zh.json: ${key} has an exclamation mark`)
  }
  for (const key of en.keys()) if (!zh.has(key)) faults.push(`${relative(root, folder)}/zh.json: ${key} is missing`)
}
pair(join(root, 'lib/i18n'), '')
pair(join(root, 'desk/src/notices'), 'notices')
for (const page of readdirSync(pages)) {
  if (!existsSync(join(pages, page, 'zh.json'))) continue
  pair(join(pages, page), page)
  const title = /title:\s*\{\s*zh:\s*'([^']*)'/.exec(readFileSync(join(pages, page, 'page.ts'), 'utf8'))?.[1] ?? ''
  if ([...title].length > 4) faults.push(`pages/${page}/page.ts: the Chinese title has more than 4 characters`)
}

const side = new Set()
pair(join(root, 'side/src/texts'), '', side)

/** Used: written out anywhere, or below the fixed part of a key that is put together: t(`role.${role}`), word('role', role). */
function uses(known, folders) {
  const sources = folders.flatMap((folder) => walk(join(root, folder))).filter((path) => /\.(vue|ts)$/.test(path) && !path.endsWith('schema.d.ts'))
  const used = new Set()
  const prefixes = new Set()
  for (const path of sources) {
    const text = readFileSync(path, 'utf8')
    for (const found of text.matchAll(/['"]([a-z][\w]*(?:\.[\w]+)+)['"]/g)) used.add(found[1])
    for (const found of text.matchAll(/`([a-z]\w*\.(?:[\w.]*[._])?)\$\{/g)) prefixes.add(found[1])
    for (const found of text.matchAll(/\bword\('(\w+)'/g)) prefixes.add(`${found[1]}.`)
    for (const found of text.matchAll(/\bt[em]?\(\s*['"](\w+\.[\w.]+)['"]/g)) {
      if (!known.has(found[1]) && ![...known].some((key) => key.startsWith(`${found[1]}.`))) faults.push(`${relative(root, path)}: no text for ${found[1]}`)
    }
  }
  for (const key of known) {
    if (used.has(key) || /\.help\.(intro|points)$/.test(key) || /^(error|field)\./.test(key)) continue
    if ([...prefixes].some((prefix) => key.startsWith(prefix))) continue
    faults.push(`unused text: ${key}`)
  }
}
uses(desk, ['lib', 'desk/src'])
uses(side, ['side/src'])
// Each act that the server writes into the audit log has its words.
const acts = /"((?:audit|channel|contact|corp|inbox|job|lead|media|operation|push|role|segment|session|setup|source|sync|tag|token|user|view)\.[a-z_]+)",?\s/g
const no_acts = new Set(['media.kind', 'media.name', 'media.size', 'media.write', 'audit.read'])
for (const folder of ['crm', 'gateway/api']) {
  for (const path of walk(join(root, '..', folder)).filter((one) => one.endsWith('.cpp'))) {
    const text = readFileSync(path, 'utf8')
    if (!/audit/.test(text)) continue
    for (const [, act] of text.matchAll(acts)) {
      if (!no_acts.has(act) && !/^corp\.(?!create|update|remove)/.test(act) && !desk.has(`audit.act.${act}`)) faults.push(`${relative(join(root, '..'), path)}: pages/audit has no text for ${act}`)
    }
  }
}
for (const fault of faults) console.error(fault)
process.exit(faults.length ? 1 : 0)
