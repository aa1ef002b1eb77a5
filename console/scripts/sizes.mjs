// Size budgets of the built desk and side (gzip -9, from the .gz files beside), each with 2 % grace. Prints what it measured.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const dist = fileURLToPath(new URL('../../build/console/desk', import.meta.url))
const side = fileURLToPath(new URL('../../build/console/side', import.meta.url))
const first_page = process.argv[2] ?? (existsSync(fileURLToPath(new URL('../desk/src/pages/home/page.ts', import.meta.url))) ? 'home' : 'contacts')
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'))
const size = (file) => statSync(join(dist, `${file}.gz`)).size
// What every page begins with, as its HTML names it.
const shell_files = [...readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/console\/([\w./-]+\.(?:js|css))"/g)].map((found) => found[1])

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
const files_of = (keys) => closure(keys).flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])])
const sum = (files, kind) => [...new Set(files)].filter((file) => file.endsWith(kind)).reduce((bytes, file) => bytes + size(file), 0)
const route = Object.keys(manifest).filter((key) => key.startsWith(`src/pages/${first_page}/`) && (key.endsWith('/zh.json') || manifest[key].src?.endsWith('Page.vue')))
const first = [...shell_files, ...files_of([route.find((key) => key.endsWith('Page.vue')), route.find((key) => key.endsWith('zh.json'))])]
const page_chunks = Object.keys(manifest).filter((key) => key.startsWith('src/pages/') && key.endsWith('.vue') && !shell_files.includes(manifest[key].file)).map((key) => [key, size(manifest[key].file)])
const all = (folder) =>
  readdirSync(folder).reduce((sum, name) => {
    const path = join(folder, name)
    if (name === '.vite') return sum
    if (statSync(path).isDirectory()) return sum + all(path)
    return sum + (existsSync(`${path}.gz`) ? statSync(`${path}.gz`).size : name.endsWith('.gz') ? 0 : statSync(path).size)
  }, 0)
const biggest = page_chunks.sort((a, b) => b[1] - a[1])[0] ?? ['none', 0]

const budgets = [
  ['desk shell JS', sum(shell_files, '.js'), 115],
  [`first route (${first_page}), all JS`, sum(first, '.js'), 160],
  ['all CSS of a first load', sum(first, '.css'), 25],
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
const requests = new Set(first).size + 1 // and the page itself
const most_requests = 8
over += requests > most_requests ? 1 : 0
console.log(`${requests > most_requests ? 'OVER' : 'ok  '} ${String(requests).padStart(7)} of ${String(most_requests).padStart(5)} files of a first load`)
process.exit(over ? 1 : 0)
