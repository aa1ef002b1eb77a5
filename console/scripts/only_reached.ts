import { type Node, parse } from 'acorn'
import type { Plugin } from 'vite'

interface Statement {
  start: number
  end: number
  declares: string[]
  mentions: Set<string>
  declaration: boolean
}

/** Every identifier below a node, bound or not: too many is safe, too few is not. */
function identifiers(node: unknown, into = new Set<string>()): Set<string> {
  if (Array.isArray(node)) node.forEach((one) => identifiers(one, into))
  else if (node && typeof node === 'object') {
    const one = node as Node & { name?: string }
    if (one.type === 'Identifier' && one.name) into.add(one.name)
    for (const [key, value] of Object.entries(one)) if (key !== 'type') identifiers(value, into)
  }
  return into
}

function statement_of(node: Node & Record<string, unknown>): Statement {
  const declarations = (node.declarations ?? []) as { id: unknown }[]
  const declares = [...identifiers(node.type === 'VariableDeclaration' ? declarations.map((one) => one.id) : node.id)]
  const declaration = ['VariableDeclaration', 'FunctionDeclaration', 'ClassDeclaration'].includes(node.type)
  return { start: node.start, end: node.end, declares: declaration ? declares : [], mentions: identifiers(node), declaration }
}

/**
 * The module's code with only what `wanted` exports reach. WeCom's SDK is one file whose drawing and open-data parts set up prototypes at
 * load: no tree shaker may drop that, though nobody uses it. A statement that declares nothing stays when all it touches stays.
 */
export function only_reached(code: string, wanted: string[]): string {
  const body = (parse(code, { ecmaVersion: 'latest', sourceType: 'module' }) as unknown as { body: (Node & Record<string, unknown>)[] }).body
  const all = body.filter((node) => !node.type.startsWith('Export')).map(statement_of)
  const at_top = new Map(all.flatMap((one) => one.declares.map((name) => [name, one] as const)))
  const kept = new Set<Statement>()
  const keep = (one: Statement | undefined): void => {
    if (!one || kept.has(one)) return
    kept.add(one)
    for (const name of one.mentions) keep(at_top.get(name))
  }
  for (const name of wanted) {
    if (!at_top.has(name)) throw new Error(`only_reached: ${name} is not declared`)
    keep(at_top.get(name))
  }
  for (let grew = true; grew; ) {
    const before = kept.size
    for (const one of all) {
      const touched = [...one.mentions].map((name) => at_top.get(name)).filter((other) => other !== undefined)
      if (!one.declaration && touched.length > 0 && touched.every((other) => kept.has(other))) keep(one)
    }
    grew = kept.size > before
  }
  const text = all.filter((one) => kept.has(one)).map((one) => code.slice(one.start, one.end))
  return `${text.join('\n')}\nexport { ${wanted.join(', ')} }\n`
}

/** Applies it to one module of the build. */
export function trimmed(module: RegExp, wanted: string[]): Plugin {
  return {
    name: 'only-reached',
    apply: 'build',
    enforce: 'pre',
    transform: (code, id) => (module.test(id) ? { code: only_reached(code, wanted), map: null } : null),
  }
}
