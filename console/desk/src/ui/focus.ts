import { nextTick, onBeforeUnmount, watch, type Ref } from 'vue'

const wanted = 'a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex="0"]'

export function focusable(root: Element): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>(wanted)].filter((element) => element.offsetParent !== null)
}

/** While the box is there: focus goes in, stays in on Tab, and returns to where it was. [autofocus] goes first. */
export function trap_focus(box: Ref<HTMLElement | null>): void {
  let before: HTMLElement | null = null

  function on_tab(event: KeyboardEvent): void {
    const root = box.value
    if (event.key !== 'Tab' || !root) return
    const active = document.activeElement
    if (active instanceof Element && active.closest('.popover')) return // lists are shown outside of the box
    const all = focusable(root)
    const first = all[0]
    const last = all[all.length - 1]
    if (!first || !last) {
      event.preventDefault()
    } else if (event.shiftKey && (active === first || !root.contains(active))) {
      event.preventDefault()
      last.focus()
    } else if (!event.shiftKey && (active === last || !root.contains(active))) {
      event.preventDefault()
      first.focus()
    }
  }

  function give_back(): void {
    document.removeEventListener('keydown', on_tab)
    if (before?.isConnected) before.focus({ preventScroll: true })
    before = null
  }

  watch(box, async (root, was) => {
    if (root && !was) {
      before = document.activeElement as HTMLElement | null
      document.addEventListener('keydown', on_tab)
      await nextTick()
      const first = root.querySelector<HTMLElement>('[autofocus]') ?? focusable(root).find((element) => !element.hasAttribute('data-close'))
      ;(first ?? root).focus()
    } else if (!root && was) {
      give_back()
    }
  }, { flush: 'post' })
  onBeforeUnmount(give_back)
}
