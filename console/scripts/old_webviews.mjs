// The built toolbar page keeps to what WeCom's oldest webviews know (Chrome 69, Safari 12): one newer token and they show a blank page.
// Scripts are parsed as ECMAScript 2019, styles and our own sources are searched for what came later.
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'acorn'

const root = fileURLToPath(new URL('..', import.meta.url))
const built = process.argv[2] ?? join(root, '../build/console/side')
const walk = (folder) =>
  readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isDirectory() ? walk(path) : [path]
  })

const faults = []
const fault = (path, text) => faults.push(`${relative(join(root, '..'), path)}: ${text}`)

/** What the grammar of 2019 allows but these webviews do not: lookbehind (Safari 16.4), import() and import.meta of split chunks. */
function too_new(path, node) {
  if (Array.isArray(node)) for (const one of node) too_new(path, one)
  else if (node && typeof node === 'object') {
    if (node.regex && (/\(\?<[=!]/.test(node.regex.pattern) || /[dv]/.test(node.regex.flags))) fault(path, `regular expression /${node.regex.pattern}/${node.regex.flags}`)
    for (const value of Object.values(node)) if (value && typeof value === 'object') too_new(path, value)
  }
}

function script(path) {
  const code = readFileSync(path, 'utf8')
  try {
    too_new(path, parse(code, { ecmaVersion: 2019, sourceType: 'module' }))
  } catch (error) {
    fault(path, `${error.message}: ${code.slice(Math.max(0, error.pos - 60), error.pos + 40)}`)
  }
}

const styles = [
  [/:(?:is|where|has|not\([^)]*,)\b|:focus-visible/, 'selector'],
  [/[;{](?:inset|aspect-ratio|translate|rotate|scale)[\w-]*:/, 'property'],
  [/[;{](?:row-|column-)?gap:/, 'gap (Safari 12 has only grid-gap)'],
  [/\b(?:clamp|min|max|color-mix)\(/, 'function'],
  [/@(?:layer|container|supports selector)|@media[^{]*[<>]=?/, 'at-rule'],
  [/\d(?:dvh|svh|lvh|cqw)\b/, 'unit'],
]
const calls =
  /\.(?:replaceAll|matchAll|at|findLast|findLastIndex|toSorted|toReversed|flatMap|allSettled|any|randomUUID)\(|Object\.(?:fromEntries|hasOwn)|\b(?:structuredClone|queueMicrotask|WeakRef|ResizeObserver|RelativeTimeFormat|ListFormat|DisplayNames)\b|\bglobalThis\b/

for (const path of walk(built)) {
  if (path.endsWith('.js')) script(path)
  if (path.endsWith('.css')) {
    const code = readFileSync(path, 'utf8')
    for (const [rule, what] of styles) {
      const found = rule.exec(code)
      if (found) fault(path, `${what}: ${code.slice(Math.max(0, found.index - 30), found.index + 40)}`)
    }
  }
}
for (const path of walk(join(root, 'side/src'))) {
  if (!/\.(ts|vue)$/.test(path) || path.endsWith('.test.ts')) continue
  readFileSync(path, 'utf8').split('\n').forEach((line, at) => {
    const found = calls.exec(line.replace(/\/\/.*$|\/?\*.*$/, ''))
    if (found) fault(path, `${at + 1}: ${found[0]} is newer than Chrome 69 or Safari 12`)
  })
}
for (const text of faults) console.error(text)
process.exit(faults.length ? 1 : 0)
