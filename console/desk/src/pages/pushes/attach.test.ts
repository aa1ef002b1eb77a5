import { describe, expect, it } from 'vitest'
import { attachment_fault, attachments_sound, file_fault, trimmed, type Attachment } from './attach'

const link: Attachment = { kind: 'link', title: '新品', url: 'https://example.com/a' }
const mini: Attachment = { kind: 'miniprogram', title: '小店', appid: 'wx1', page: '/index.html', media_id: '5' }

describe('attachments', () => {
  it('names the first field that is wrong', () => {
    expect(attachment_fault(link)).toBeNull()
    expect(attachment_fault({ ...link, title: ' ' })).toEqual({ field: 'title', why: 'missing' })
    expect(attachment_fault({ ...link, title: '长'.repeat(43) })).toEqual({ field: 'title', why: 'long' }) // 129 bytes
    expect(attachment_fault({ ...link, title: '长'.repeat(42) })).toBeNull()
    expect(attachment_fault({ ...link, url: 'example.com' })).toEqual({ field: 'url', why: 'web' })
    expect(attachment_fault({ ...link, pic_url: 'ftp://x' })).toEqual({ field: 'pic_url', why: 'web' })
    expect(attachment_fault(mini)).toBeNull()
    expect(attachment_fault({ ...mini, media_id: '' })).toEqual({ field: 'media_id', why: 'missing' })
    expect(attachment_fault({ ...mini, title: '小'.repeat(22) })).toEqual({ field: 'title', why: 'long' })
    expect(attachment_fault({ kind: 'image' })).toEqual({ field: 'media_id', why: 'missing' })
    expect(attachment_fault({ kind: 'image', pic_url: 'https://x/y' })).toBeNull()
  })
  it('takes at most nine', () => {
    expect(attachments_sound(Array.from({ length: 9 }, () => link))).toBe(true)
    expect(attachments_sound(Array.from({ length: 10 }, () => link))).toBe(false)
  })
  it('judges files as WeCom would', () => {
    expect(file_fault('image', { type: 'image/webp', size: 100 })).toBe('type')
    expect(file_fault('image', { type: 'image/png', size: 11 << 20 })).toBe('big')
    expect(file_fault('image', { type: 'image/png', size: 5 })).toBe('small')
    expect(file_fault('file', { type: '', size: 15 << 20 })).toBe('')
    expect(file_fault('video', { type: 'video/mp4', size: 10 << 20 })).toBe('')
  })
  it('sends only what the kind has', () => {
    expect(trimmed({ ...mini, url: 'https://left.over', title: ' 小店 ' })).toEqual(mini)
    expect(trimmed({ ...link, desc: '  ', media_id: '3' })).toEqual(link)
  })
})
