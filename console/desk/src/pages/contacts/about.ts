/** What a timeline can be narrowed to; the server's words for `about`. */
export const abouts = ['friend', 'lead', 'chat', 'tag', 'note', 'form', 'push'] as const
export type About = (typeof abouts)[number]

/** `lead,tag` of the address: known words, each once, in our order. */
export function abouts_in(words: string): About[] {
  const wanted = new Set(words.split(','))
  return abouts.filter((one) => wanted.has(one))
}

export function toggled(now: readonly About[], one: About): string {
  return abouts.filter((other) => (other === one) !== now.includes(other)).join(',')
}
