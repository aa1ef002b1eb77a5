// Size budgets of the built desk and side (gzip -9, from the .gz files beside), each with 2 % grace. Prints what it measured.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../../build/console/desk', import.meta.url))
const side = fileURLToPath(new URL('../../build/console/side', import.meta.url))
const first_page = process.argv[2] ?? (existsSync(fileURLToPath(new URL('../desk/src/pages/home/page.ts', import.meta.url))) ? 'home' : 'contacts')
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'))
const size = (file) => statSync(join(dist, `${file}.gz`)).size
const entry = Object.keys(manifest).find((key) => manifest[key].isEntry)

function closure(keys) {
  const seen = new Set()
  const visit = (key) => {
    if (seen.has(key) || !manifest[key]) return
    seen.add(key)
    for (const next of manifest[key].imports ?? []) visit(next)
  }
  keys.forEach(visit)
  return [...seen]
}
const js = (keys) => closure(keys).reduce((sum, key) => sum + (manifest[key].file.endsWith('.js') ? size(manifest[key].file) : 0), 0)
const css = (keys) => [...new Set(closure(keys).flatMap((key) => manifest[key].css ?? []))].reduce((sum, file) => sum + size(file), 0)
const route = Object.keys(manifest).filter((key) => key.startsWith(`src/pages/${first_page}/`) && (key.endsWith('/zh.json') || manifest[key].src?.endsWith('Page.vue')))
const first = [entry, ...(route.length ? [route.find((key) => key.endsWith('Page.vue')), route.find((key) => key.endsWith('zh.json'))] : []), 'node_modules/element-plus/es/locale/lang/zh-cn.mjs'].filter(Boolean)
const named = (pattern) => Object.values(manifest).filter((one) => pattern.test(one.file) && one.file.endsWith('.js')).reduce((sum, one) => sum + size(one.file), 0)
const shell = new Set(closure([entry]))
const page_chunks = Object.keys(manifest).filter((key) => key.startsWith('src/pages/') && key.endsWith('.vue') && !shell.has(key)).map((key) => [key, size(manifest[key].file)])
const all = (folder) =>
  readdirSync(folder).reduce((sum, name) => {
    const path = join(folder, name)
    if (name === '.vite') return sum
    if (statSync(path).isDirectory()) return sum + all(path)
    return sum + (existsSync(`${path}.gz`) ? statSync(`${path}.gz`).size : name.endsWith('.gz') ? 0 : statSync(path).size)
  }, 0)
const biggest = page_chunks.sort((a, b) => b[1] - a[1])[0] ?? ['none', 0]

const budgets = [
  ['desk shell JS', js([entry]), 115],
  [`first route (${first_page}), all JS`, js(first), 160],
  ['all CSS of a first load', css(first), 25],
  ['shared Element chunk', named(/assets\/(ep|element)[-.]/), 90],
  [`biggest page chunk (${biggest[0]})`, biggest[1], 60],
  ['side, all', all(side), 45],
  ['embedded total', all(dist) + all(side), 1200],
]
let over = 0
for (const [name, bytes, limit] of budgets) {
  const bad = bytes > limit * 1000 * 1.02
  over += bad ? 1 : 0
  console.log(`${bad ? 'OVER' : 'ok  '} ${(bytes / 1000).toFixed(1).padStart(7)} of ${String(limit).padStart(5)} kB  ${name}`)
}
const requests = new Set(closure(first).flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])])).size + 2
console.log(`${requests > 12 ? 'OVER' : 'ok  '} ${requests} files of a first load`)
process.exit(over ? 1 : 0)
