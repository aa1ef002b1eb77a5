import { door, type Schema } from '@lib/api/client'
import { problem_of } from '@lib/api/problem'

/** Where a file is had. The browser's own requests carry no header that names the company. */
export const media_address = (media: Schema<'Media'>): string => `/api/v1/archive/media/${media.id}${door.corp ? `?corp=${encodeURIComponent(door.corp)}` : ''}`

/** The whole of a stored file. The server answers at most 8 MiB at a time, so it is asked piece by piece. */
export async function fetch_media(media: Schema<'Media'>): Promise<Blob> {
  const url = media_address(media)
  const parts: Blob[] = []
  let at = 0
  do {
    const response = await fetch(url, { headers: new Headers({ Range: `bytes=${at}-` }) })
    if (!response.ok) throw await problem_of(response, `GET ${url}`)
    const part = await response.blob()
    if (part.size === 0) break
    parts.push(part)
    at = response.status === 200 ? media.size : at + part.size
  } while (at < media.size)
  return new Blob(parts)
}

export async function save_media(media: Schema<'Media'>): Promise<void> {
  const address = URL.createObjectURL(await fetch_media(media))
  const link = document.createElement('a')
  link.href = address
  link.download = media.filename || media.id
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}

export const inline_limit = 3_000_000

/** What the bytes begin with: the name and the kind that came with a file are the sender's words. */
function picture_type(start: Uint8Array): string {
  const text = String.fromCharCode(...start)
  if (text.startsWith('\x89PNG')) return 'image/png'
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg'
  if (text.startsWith('GIF8')) return 'image/gif'
  return text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP' ? 'image/webp' : ''
}

/** A data URL of a stored picture, which is what the page's rules let an image be; '' when it is none. */
export async function picture_of(media: Schema<'Media'>): Promise<string> {
  const blob = await fetch_media(media)
  const type = picture_type(new Uint8Array(await blob.slice(0, 12).arrayBuffer()))
  if (!type) return ''
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('unreadable'))
    reader.readAsDataURL(new Blob([blob], { type }))
  })
}
