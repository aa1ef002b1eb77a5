/** The client's theme: WeCom names it in its browser's name (ColorScheme/Dark); else what the system prefers, followed while open. */
export function follow_theme(): void {
  const root = document.documentElement.classList
  const named = /\bColorScheme\/(\w+)/i.exec(navigator.userAgent)?.[1]
  const system = typeof matchMedia === 'function' ? matchMedia('(prefers-color-scheme: dark)') : null
  const apply = () => {
    const dark = system?.matches || (named ? /dark/i.test(named) : false)
    if (dark) root.add('dark')
    else root.remove('dark')
  }
  apply()
  system?.addListener?.(apply) // addEventListener is newer than Safari 13
}
