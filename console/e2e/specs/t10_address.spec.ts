import { describe, expect, it } from 'vitest'
import { expect_calm, t, use_browser, visit } from '../desk'

use_browser()

/** What somebody types is personal: the address names it by a key of this tab. */
const pages = [
  { name: 'the search desk', path: '/archive/search', field: 'archive.search.words' },
  { name: 'the list of contacts', path: '/contacts', field: 'contacts.search' },
]

describe.each(pages)('$name', ({ path, field }) => {
  it('keeps what was searched out of the address, and through a reload', async () => {
    const tab = await visit(path)
    const { page } = tab
    const word = '您好示例'
    await page.getByRole('searchbox', { name: t(field) }).fill(word)
    await page.keyboard.press('Enter')
    await expect.poll(() => new URL(page.url()).search).toMatch(/[?&]s=\w+/)
    expect(decodeURIComponent(page.url())).not.toContain(word)
    await page.reload()
    await page.waitForLoadState('networkidle')
    expect(await page.getByRole('searchbox', { name: t(field) }).inputValue()).toBe(word)
    expect_calm(tab)
  })
})
