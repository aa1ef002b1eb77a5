// House rules a compiler does not know: no raw colours outside tokens.css, no v-html, no style="..." in templates, no console.log,
// no host names. Each finding is FILE:LINE and the rule.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const walk = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'node_modules') return []
    return statSync(path).isDirectory() ? walk(path) : [path]
  })

const rules = [
  { name: 'a raw colour; use a token of lib/tokens.css', test: /(?<![&\w])#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})\b(?!["'`]?\s*\/>)|\b(?:rgba?|hsla?)\(/i, files: /\.(vue|css)$/ },
  { name: 'a raw colour; use a token of lib/tokens.css', test: /['"`]#(?:[0-9a-f]{3}|[0-9a-f]{6})['"`]|['"`](?:rgba?|hsla?)\(/i, files: /\.ts$/ },
  { name: 'color-mix() needs Chrome 111; compute the tint', test: /color-mix\(/, files: /\.(vue|css)$/ },
  { name: 'v-html; customers\' words are text nodes only', test: /\bv-html\b|\.innerHTML\b|insertAdjacentHTML/, files: /\.(vue|ts)$/ },
  { name: 'a style attribute; the CSP refuses it, use a class or :style', test: /(?<![:\w-])style="/, files: /\.vue$/ },
  { name: 'console.log', test: /\bconsole\.log\(/, files: /\.(vue|ts)$/ },
  { name: 'all of a library; import by name', test: /import \* as echarts/, files: /\.(vue|ts)$/ },
]
let found = 0
for (const path of [...walk(join(root, 'lib')), ...walk(join(root, 'desk', 'src')), ...walk(join(root, 'side', 'src'))]) {
  const name = relative(root, path)
  if (name === 'lib/tokens.css' || name === 'lib/api/schema.d.ts' || name.endsWith('.test.ts')) continue
  readFileSync(path, 'utf8').split('\n').forEach((line, at) => {
    for (const rule of rules) {
      if (!rule.files.test(path) || !rule.test.test(line)) continue
      found += 1
      console.error(`${name}:${at + 1}: ${rule.name}`)
    }
  })
}
const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
if (/"resolved"|https?:\/\/registry/.test(lock)) {
  found += 1
  console.error('package-lock.json: names a registry; install with the .npmrc of this folder')
}
for (const [section, list] of Object.entries(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))) {
  if (!/dependencies$/i.test(section)) continue
  for (const [name, version] of Object.entries(list)) {
    if (/^\d+\.\d+\.\d+$/.test(version)) continue
    found += 1
    console.error(`package.json: ${name} ${version} is not exact`)
  }
}
process.exit(found ? 1 : 0)
