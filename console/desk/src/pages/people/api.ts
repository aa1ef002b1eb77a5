import { useQuery } from '@tanstack/vue-query'
import { computed, toValue, type ComputedRef, type MaybeRefOrGetter } from 'vue'
import { api, data, etag_of, type Schema } from '@lib/api/client'
import { can, session } from '@lib/api/session'

export type User = Schema<'User'>
export type Role = Schema<'Role'>
export type ViewScope = Schema<'ViewScope'>
export type Session = Schema<'Session'>
export type Token = Schema<'Token'>
export type TokenScope = Schema<'Scope'>
export interface RoleRow {
  role: Role
  scope: ViewScope
  permissions: string[]
}
export interface DepartmentRole {
  department: string
  role: Role
}

export const roles: readonly Role[] = ['admin', 'manager', 'sales', 'marketing', 'service', 'compliance', 'readonly']
/** What can be given; `team` means the same as `department` and is only shown where somebody has it. */
export const scopes: readonly ViewScope[] = ['self', 'department', 'subtree', 'all']
export const token_scopes: readonly TokenScope[] = ['read', 'write', 'admin']

/** How many users the list keeps; the others are found by their exact name. */
export const most_users = 2000
export const shortest_password = 10

/** What a role sees by itself. The matrix says it for people with a member; a manager without one sees all. */
export function scope_of_role(role: Role, has_member: boolean): ViewScope {
  if (role === 'sales') return 'self'
  return role === 'manager' && has_member ? 'subtree' : 'all'
}

export function use_users() {
  return useQuery({
    queryKey: ['users', 'all'],
    queryFn: async ({ signal }) => {
      const items: User[] = []
      let cursor: string | null = null
      do {
        const query: { limit: number; cursor?: string } = cursor ? { limit: 200, cursor } : { limit: 200 }
        const page: { items: User[]; next_cursor: string | null } = await data(api.GET('/api/v1/users', { params: { query }, signal }))
        items.push(...page.items)
        cursor = page.next_cursor
      } while (cursor && items.length < most_users)
      return { items, cut: cursor !== null }
    },
  })
}

/** Exactly this name, wherever the user stands in the list. */
export function use_user_named(name: MaybeRefOrGetter<string>, wanted: MaybeRefOrGetter<boolean>) {
  return useQuery({
    queryKey: ['users', 'named', computed(() => toValue(name))],
    queryFn: ({ signal }) => data(api.GET('/api/v1/users', { params: { query: { name: toValue(name) } }, signal })),
    enabled: computed(() => toValue(wanted)),
    placeholderData: undefined,
  })
}

export function use_user(id: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['users', computed(() => toValue(id))],
    queryFn: ({ signal }) => data(api.GET('/api/v1/users/{id}', { params: { path: { id: toValue(id) } }, signal })),
    enabled: computed(() => toValue(id) !== ''),
    placeholderData: undefined,
  })
}

/** Lists carry no versions: this reads one user anew, with the version that a change is to be made to. */
export async function user_now(id: string): Promise<{ user: User; version: string }> {
  const user = await data(api.GET('/api/v1/users/{id}', { params: { path: { id } } }))
  return { user, version: etag_of(`/api/v1/users/${id}`) }
}

export interface NewUser {
  name: string
  role: Role
  corp: string | null
  member: string | null
  scope: ViewScope | null
  password?: string
}
export interface UserPatch {
  role?: Role
  corp?: string | null
  member?: string | null
  scope?: ViewScope | null
  password?: string
  disabled?: boolean
  totp?: false
}

export function create_user(body: NewUser): Promise<User> {
  return data(api.POST('/api/v1/users', { body }))
}

export function patch_user(id: string, version: string, body: UserPatch): Promise<User> {
  return data(api.PATCH('/api/v1/users/{id}', { params: { path: { id }, header: { 'If-Match': version } }, body }))
}

/** For acts that hold whatever else was changed meanwhile: disabling, a new password. */
export async function patch_user_now(id: string, body: UserPatch): Promise<User> {
  return patch_user(id, (await user_now(id)).version, body)
}

/** Forgets failed tries to sign in, of every address. */
export async function unlock_user(id: string): Promise<void> {
  await api.POST('/api/v1/users/{id}/unlock', { params: { path: { id } } })
}

export async function delete_user(id: string): Promise<void> {
  await api.DELETE('/api/v1/users/{id}', { params: { path: { id } } })
}

/** Somebody's live sessions; '' asks for one's own. */
export function use_sessions(user: MaybeRefOrGetter<string>, wanted: MaybeRefOrGetter<boolean> = true) {
  return useQuery({
    queryKey: ['sessions', computed(() => toValue(user) || 'own')],
    queryFn: async ({ signal }) => (await data(api.GET('/api/v1/sessions', { params: { query: toValue(user) ? { user: toValue(user) } : {} }, signal }))).items,
    enabled: computed(() => toValue(wanted)),
    placeholderData: undefined,
  })
}

export async function end_session(id: string): Promise<void> {
  await api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } })
}

export async function end_sessions(user: string): Promise<number> {
  return (await data(api.DELETE('/api/v1/sessions', { params: { query: user ? { user } : {} } }))).ended
}

export function use_roles() {
  return useQuery({ queryKey: ['roles'], queryFn: async ({ signal }) => (await data(api.GET('/api/v1/roles', { signal }))).items as RoleRow[], staleTime: 10 * 60_000 })
}

export function use_departments() {
  return useQuery({ queryKey: ['departments'], queryFn: async ({ signal }) => (await data(api.GET('/api/v1/departments', { signal }))).items })
}

export async function department_roles(signal?: AbortSignal): Promise<DepartmentRole[]> {
  return (await data(api.GET('/api/v1/departments/roles', signal ? { signal } : {}))).items
}

export async function put_department_roles(items: DepartmentRole[]): Promise<DepartmentRole[]> {
  return (await data(api.PUT('/api/v1/departments/roles', { body: { items } }))).items
}

/** The members of one corp, which need not be the one the console shows now. */
export function use_members_of(corp: MaybeRefOrGetter<string>) {
  return useQuery({
    queryKey: ['members', 'of', computed(() => toValue(corp))],
    queryFn: async ({ signal }) => {
      const items: Schema<'Member'>[] = []
      let cursor: string | null = null
      do {
        const query: { limit: number; cursor?: string } = cursor ? { limit: 200, cursor } : { limit: 200 }
        const page: Schema<'MemberPage'> = await data(api.GET('/api/v1/members', { params: { query, header: { 'X-LeadBridge-Corp': toValue(corp) } }, signal }))
        items.push(...page.items)
        cursor = page.next_cursor
      } while (cursor && items.length < 5000)
      return items
    },
    enabled: computed(() => toValue(corp) !== ''),
    staleTime: 60_000,
    placeholderData: undefined,
  })
}

export function use_tokens() {
  return useQuery({ queryKey: ['tokens'], queryFn: async ({ signal }) => (await data(api.GET('/api/v1/tokens', { signal }))).items })
}

export async function create_token(name: string, scope: TokenScope, corp: string): Promise<string> {
  return (await data(api.POST('/api/v1/tokens', { body: { name, scopes: [scope], ...(corp ? { corp } : {}) } }))).token
}

export async function revoke_token(id: string): Promise<void> {
  await api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })
}

/** Whether who asks works for the whole machine, and so may give people and tokens to any corp. Undefined while unknown. */
export function use_machine_wide(): ComputedRef<boolean | undefined> {
  const own = computed(() => session.me?.user?.id ?? '')
  const many = computed(() => (session.me?.corps.length ?? 0) > 1)
  const mine = use_user(() => (many.value || !can('users.admin') ? '' : own.value))
  return computed(() => (many.value || !own.value ? true : mine.data.value ? mine.data.value.corp === null : undefined))
}

export function change_password(current: string, password: string): Promise<unknown> {
  return api.POST('/api/v1/me/password', { body: { current, password } })
}

export function begin_totp(): Promise<{ secret: string; uri: string }> {
  return data(api.POST('/api/v1/me/totp'))
}

export function confirm_totp(code: string): Promise<unknown> {
  return api.POST('/api/v1/me/totp/confirm', { body: { code } })
}

export function remove_totp(code: string): Promise<unknown> {
  return api.DELETE('/api/v1/me/totp', { body: { code } })
}
