import type { Page } from 'playwright-core'

/** Clicks that several specs make. */

/** One option of our own picker, by its label and the option's words. */
export async function pick(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('button', { name: label }).first().click()
  const found = page.getByRole('option', { name: option, exact: true }).first()
  await found.waitFor()
  await found.click()
  await page.keyboard.press('Escape')
}
