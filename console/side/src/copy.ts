/** True when the text is on the clipboard. navigator.clipboard is missing in old webviews and on plain http. */
export async function copy_text(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copy_by_selection(text)
  }
}

function copy_by_selection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.readOnly = true
  area.className = 'hidden'
  document.body.appendChild(area)
  area.select()
  area.setSelectionRange(0, text.length) // iOS
  try {
    return document.execCommand('copy')
  } catch {
    return false
  } finally {
    document.body.removeChild(area)
  }
}
