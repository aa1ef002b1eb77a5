import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { roles, type Role } from './roles'
import type { World } from './desk'

/** Every page, the route of the API it lives on, and the words it shows when there is nothing. */
export interface PageSpec {
  path: (ids: World['ids']) => string
  /** As in tests/data/route_roles.txt: who may ask this may open the page. */
  route: string
  /** The name in the menu; pages below another have none. */
  menu?: { zh: string; en: string }
  /** Texts of which one shows when every list is empty. */
  empty?: string
  /** Nothing is read before the person writes, so nothing can be refused. */
  form?: boolean
}

export const page_specs: Record<string, PageSpec> = {
  home: { path: () => '/home', route: 'get /api/v1/home', menu: { zh: '工作台', en: 'Home' }, empty: 'home.feed_none' },
  leads: { path: () => '/leads', route: 'get /api/v1/leads', menu: { zh: '线索', en: 'Leads' }, empty: 'leads.none' },
  board: { path: () => '/leads/board', route: 'get /api/v1/leads', empty: 'leads.none' },
  contacts: { path: () => '/contacts', route: 'get /api/v1/contacts', menu: { zh: '客户', en: 'Contacts' }, empty: 'contacts.none' },
  contact: { path: (ids) => `/contacts/${ids.contacts}`, route: 'get /api/v1/contacts', empty: 'contacts.no_events' },
  channels: { path: () => '/channels', route: 'get /api/v1/channels', menu: { zh: '渠道活码', en: 'Channels' }, empty: 'channels.none' },
  channel: { path: (ids) => `/channels/${ids.channels}`, route: 'get /api/v1/channels' },
  'channel-new': { path: () => '/channels/new', route: 'post /api/v1/channels', form: true },
  'channel-edit': { path: (ids) => `/channels/${ids.channels}/edit`, route: 'patch /api/v1/channels/{id}' },
  sources: { path: () => '/sources', route: 'get /api/v1/sources', menu: { zh: '表单来源', en: 'Forms' }, empty: 'sources.none' },
  source: { path: (ids) => `/sources/${ids.sources}`, route: 'get /api/v1/sources' },
  'source-new': { path: () => '/sources/new', route: 'post /api/v1/sources', form: true },
  'source-edit': { path: (ids) => `/sources/${ids.sources}/edit`, route: 'patch /api/v1/sources/{id}' },
  segments: { path: () => '/segments', route: 'get /api/v1/segments', menu: { zh: '分群', en: 'Segments' }, empty: 'segments.none' },
  segment: { path: (ids) => `/segments/${ids.segments}`, route: 'get /api/v1/segments' },
  'segment-new': { path: () => '/segments/new', route: 'post /api/v1/segments', form: true },
  tags: { path: () => '/tags', route: 'get /api/v1/tags', menu: { zh: '标签', en: 'Tags' }, empty: 'tags.none' },
  pushes: { path: () => '/pushes', route: 'get /api/v1/pushes', menu: { zh: '推送', en: 'Pushes' }, empty: 'pushes.none' },
  push: { path: (ids) => `/pushes/${ids.pushes}`, route: 'get /api/v1/pushes', empty: 'pushes.no_people' },
  'push-new': { path: () => '/pushes/new', route: 'post /api/v1/pushes', form: true },
  'push-edit': { path: (ids) => `/pushes/${ids.pushes}/edit`, route: 'patch /api/v1/pushes/{id}' },
  archive: { path: () => '/archive', route: 'get /api/v1/archive/conversations', menu: { zh: '会话存档', en: 'Archive' }, empty: 'archive.none' },
  setup: { path: () => '/setup', route: 'get /api/v1/setup/steps', menu: { zh: '接入向导', en: 'Setup' } },
  system: { path: () => '/system', route: 'get /api/v1/health', menu: { zh: '运行状况', en: 'Health' } },
  people: { path: () => '/people', route: 'get /api/v1/users', menu: { zh: '账号权限', en: 'People' }, empty: 'people.none' },
  account: { path: () => '/account', route: 'get /api/v1/me' },
  audit: { path: () => '/audit', route: 'get /api/v1/audit', menu: { zh: '审计', en: 'Audit' }, empty: 'audit.none' },
  sandbox: { path: () => '/sandbox', route: 'get /api/v1/sandbox', menu: { zh: '沙盒', en: 'Sandbox' } },
}

const letters: Record<Role, string> = { admin: 'a', manager: 'm', sales: 's', marketing: 'k', service: 'v', compliance: 'c', readonly: 'r' }

/** tests/data/route_roles.txt: `get /api/v1/audit` -> the roles that may. */
export const route_roles: ReadonlyMap<string, ReadonlySet<Role>> = new Map(
  readFileSync(fileURLToPath(new URL('../../tests/data/route_roles.txt', import.meta.url)), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [method, path, who] = line.split(/\s+/) as [string, string, string]
      return [`${method} ${path}`, new Set(roles.filter((role) => who.includes(letters[role])))]
    }),
)

export function may(role: Role, route: string): boolean {
  const known = route_roles.get(route)
  if (!known) throw new Error(`${route} is not in tests/data/route_roles.txt`)
  return known.has(role)
}
