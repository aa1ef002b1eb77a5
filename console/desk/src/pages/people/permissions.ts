/** The matrix in four parts, by what stands before the dot. What is not known here comes last, under its own name. */
const parts = {
  work: ['contacts', 'leads', 'archive', 'members'],
  grow: ['channels', 'tags', 'segments', 'pushes', 'sources', 'media'],
  tools: ['own', 'views', 'bulk'],
  system: ['audit', 'corps', 'system', 'users'],
} as const

export type Part = keyof typeof parts

export function in_parts(permissions: readonly string[]): { part: Part; permissions: string[] }[] {
  const of = (name: string): Part => (Object.keys(parts) as Part[]).find((part) => (parts[part] as readonly string[]).includes(name.split('.')[0] ?? '')) ?? 'system'
  return (Object.keys(parts) as Part[]).map((part) => ({ part, permissions: permissions.filter((name) => of(name) === part) })).filter((one) => one.permissions.length > 0)
}

export const permission_key = (name: string): string => name.replace('.', '_')
