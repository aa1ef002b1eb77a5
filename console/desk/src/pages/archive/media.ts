import { door, type Schema } from '@lib/api/client'
import { problem_of } from '@lib/api/problem'

/** The whole of a stored file. The server answers at most 8 MiB at a time, so it is asked piece by piece. */
export async function fetch_media(media: Schema<'Media'>): Promise<Blob> {
  const url = `/api/v1/archive/media/${media.id}${door.corp ? `?corp=${encodeURIComponent(door.corp)}` : ''}`
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
