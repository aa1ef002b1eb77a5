import { shallowReactive } from 'vue'
import type { Schema } from '@lib/api/client'
import type { PreviewPart } from '@/ui/PhonePreview.vue'

/** What stands beside a text, in welcomes and pushes. Limits are WeCom's (paths 92135, 92137; files 90253), in bytes where it says 字节. */
export type Attachment = Schema<'Attachment'>
export type Kind = Attachment['kind']
export type Uploaded = 'image' | 'video' | 'file'

export const most_attachments = 9
const mega = 1 << 20
const rules: Record<Uploaded, { types: RegExp; most: number; accept: string }> = {
  image: { types: /^image\/(png|jpeg)$/, most: 10 * mega, accept: 'image/png,image/jpeg' },
  video: { types: /^video\/mp4$/, most: 10 * mega, accept: 'video/mp4' },
  file: { types: /./, most: 20 * mega, accept: '' },
}
export const accept_of = (kind: Uploaded): string => rules[kind].accept

/** Why a file cannot be sent so: the last part of a text's key, or ''. */
export function file_fault(kind: Uploaded, file: { type: string; size: number }): '' | 'type' | 'small' | 'big' {
  const rule = rules[kind]
  if (!rule.types.test(file.type || 'application/octet-stream')) return 'type'
  return file.size < 6 ? 'small' : file.size > rule.most ? 'big' : ''
}

const bytes = (text: string | undefined) => new TextEncoder().encode(text ?? '').length
const web = (text: string | undefined) => /^https?:\/\/\S+$/.test((text ?? '').trim())

/** The field that is wrong, with what is: the last part of a text's key. */
export function attachment_fault(one: Attachment): { field: 'title' | 'desc' | 'url' | 'pic_url' | 'appid' | 'page' | 'media_id'; why: 'missing' | 'long' | 'web' } | null {
  if (one.kind === 'link') {
    if (!one.title?.trim()) return { field: 'title', why: 'missing' }
    if (bytes(one.title) > 128) return { field: 'title', why: 'long' }
    if (bytes(one.desc) > 512) return { field: 'desc', why: 'long' }
    if (!web(one.url)) return { field: 'url', why: 'web' }
    if (bytes(one.url) > 2048) return { field: 'url', why: 'long' }
    return one.pic_url && !web(one.pic_url) ? { field: 'pic_url', why: 'web' } : null
  }
  if (one.kind === 'miniprogram') {
    if (!one.title?.trim()) return { field: 'title', why: 'missing' }
    if (bytes(one.title) > 64) return { field: 'title', why: 'long' }
    if (!one.appid?.trim()) return { field: 'appid', why: 'missing' }
    if (!one.page?.trim()) return { field: 'page', why: 'missing' }
  }
  return one.media_id || one.pic_url ? null : { field: 'media_id', why: 'missing' }
}
export const attachments_sound = (all: readonly Attachment[]): boolean => all.length <= most_attachments && all.every((one) => attachment_fault(one) === null)

/** Only what its kind has, without blanks around it: what is sent. */
export function trimmed(one: Attachment): Attachment {
  const of: Record<Kind, (keyof Attachment)[]> = { image: ['media_id', 'pic_url', 'title'], video: ['media_id', 'title'], file: ['media_id', 'title'], link: ['title', 'desc', 'url', 'pic_url'], miniprogram: ['media_id', 'title', 'appid', 'page'] }
  const out: Record<string, string> = { kind: one.kind }
  for (const key of of[one.kind]) {
    const value = one[key]?.trim()
    if (value) out[key] = value
  }
  return out as unknown as Attachment
}

/** Pictures that were chosen here, by media id, for the preview; the server does not give files back. */
export const pictures = shallowReactive(new Map<string, string>())

export function parts_of(attachments: readonly Attachment[] | undefined): PreviewPart[] {
  return (attachments ?? []).map((one) => {
    const src = one.media_id ? pictures.get(one.media_id) : undefined
    return { kind: one.kind, ...(one.title ? { title: one.title } : {}), ...(one.desc ? { text: one.desc } : {}), ...(src ? { src } : {}) }
  })
}
