import { describe, expect, it } from 'vitest'
import { expect_calm, tab_of, use_browser, visitor, world } from '../desk'

use_browser()

const get = (path: string, headers: Record<string, string> = {}) => fetch(world().origin + path, { headers: { 'Accept-Encoding': 'identity', ...headers }, redirect: 'manual' })

async function asset(kind: 'js' | 'css'): Promise<string> {
  const html = await (await get('/console/')).text()
  const found = new RegExp(`/console/assets/[\\w.-]+\\.${kind}`).exec(html)?.[0]
  if (!found) throw new Error(`no ${kind} in the page:\n${html}`)
  return found
}

describe('the one program', () => {
  it('answers HTML with no-cache, an ETag and the policy; 304 when it is known', async () => {
    const first = await get('/console/')
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'no-cache'])
    expect(first.headers.get('content-type')).toContain('text/html')
    const policy = first.headers.get('content-security-policy') ?? ''
    for (const part of ["default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) expect(policy).toContain(part)
    expect(policy).not.toMatch(/unsafe|\*/)
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toMatch(/^(W\/)?"[^"]+"$/)
    const again = await get('/console/', { 'If-None-Match': etag })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    expect((await get('/console/', { 'If-None-Match': '"other"' })).status).toBe(200)
  })

  it.skipIf(process.env.LEADBRIDGE_UI).each(['js', 'css'] as const)('answers %s packed or plain, immutable', async (kind) => {
    const path = await asset(kind)
    const plain = await get(path)
    expect([plain.status, plain.headers.get('cache-control'), plain.headers.get('content-encoding')]).toEqual([200, 'public, max-age=31536000, immutable', null])
    const bytes = Buffer.from(await plain.arrayBuffer())
    // Node's fetch unpacks by itself, so the length tells what came.
    const packed = await get(path, { 'Accept-Encoding': 'gzip' })
    expect([packed.status, packed.headers.get('content-encoding')]).toEqual([200, 'gzip'])
    expect(packed.headers.get('vary')?.toLowerCase()).toContain('accept-encoding')
    expect(Number(packed.headers.get('content-length'))).toBeLessThan(bytes.length)
    expect(Buffer.from(await packed.arrayBuffer()).equals(bytes)).toBe(true)
    const etag = packed.headers.get('etag') ?? ''
    expect(etag).not.toBe(plain.headers.get('etag'))
    expect((await get(path, { 'Accept-Encoding': 'gzip', 'If-None-Match': etag })).status).toBe(304)
  })

  it('falls back to the page below /console/ only', async () => {
    const page = await (await get('/console/')).text()
    for (const path of ['/console/contacts/12?view=3', '/console/no/such/page']) expect(await (await get(path)).text(), path).toBe(page)
    expect((await get('/console/assets/none.js')).status).toBe(404)
    expect((await get('/no/such/page')).status).toBe(404)
    const root = await get('/')
    expect([root.status, root.headers.get('location')]).toEqual([302, '/console/'])
  })

  it.each(['/api/v1/nothing', '/api/v2/me', '/api/'])('answers %s with a problem, never with the page', async (path) => {
    const answer = await get(path, { Accept: 'text/html' })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await answer.json()).toMatchObject({ status: 404 })
  })

  it.skipIf(process.env.LEADBRIDGE_UI)('needs no other file and no other host: a first load asks only this origin, few times', async () => {
    const tab = await tab_of(await visitor())
    const asked: string[] = []
    tab.page.on('request', (request) => asked.push(request.url()))
    await tab.page.goto(`${world().origin}/console/home`, { waitUntil: 'load' })
    await tab.page.locator('h1').first().waitFor()
    await tab.page.waitForLoadState('networkidle')
    expect(asked.filter((url) => !url.startsWith(world().origin) && !url.startsWith('data:'))).toEqual([])
    expect(asked.filter((url) => url.includes('/console/')).length).toBeLessThan(40)
    expect_calm(tab)
  })
})

