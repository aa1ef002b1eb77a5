/** WeCom's markdown as lines of spans: what is drawn stays text nodes, and only web links are links. */
export interface Span {
  as: 'text' | 'bold' | 'code' | 'link'
  text: string
  url?: string
}
export interface Line {
  as: 'text' | 'head' | 'quote' | 'item'
  spans: Span[]
}

/** WeCom takes 4,096 bytes; what is longer is not drawn. */
const longest = 10_000
const span = /\*\*([^*]{1,2000})\*\*|`([^`]{1,2000})`|\[([^\][]{1,500})\]\((https?:\/\/[^\s)]{1,2000})\)/g
const line_kinds = [
  ['head', /^#{1,6}\s+/],
  ['quote', /^>\s?/],
  ['item', /^[-*]\s+/],
] as const

function spans_of(text: string): Span[] {
  const out: Span[] = []
  let at = 0
  for (const found of text.matchAll(span)) {
    if (found.index > at) out.push({ as: 'text', text: text.slice(at, found.index) })
    const [whole, bold, code, title, url] = found
    if (bold !== undefined) out.push({ as: 'bold', text: bold })
    else if (code !== undefined) out.push({ as: 'code', text: code })
    else out.push({ as: 'link', text: title ?? '', url: url ?? '' })
    at = found.index + whole.length
  }
  if (at < text.length) out.push({ as: 'text', text: text.slice(at) })
  return out
}

/** Colours are left out; everything that is no mark of WeCom's stays as it was written. */
export function lines_of(markdown: string): Line[] {
  if (markdown.length > longest) return [{ as: 'text', spans: [{ as: 'text', text: markdown }] }]
  return markdown
    .replace(/<font color="[a-z]+">|<\/font>/g, '')
    .split('\n')
    .map((line) => {
      const kind = line_kinds.find(([, mark]) => mark.test(line))
      return { as: kind?.[0] ?? 'text', spans: spans_of(kind ? line.replace(kind[1], '') : line) }
    })
}
