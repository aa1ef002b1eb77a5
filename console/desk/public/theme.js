// Before the first paint: the theme and language chosen last, so that nothing flashes. A file, because the CSP has no inline scripts.
;(function () {
  var root = document.documentElement
  try {
    var ui = JSON.parse(localStorage.getItem('lb.ui') || '{}')
    var dark = ui.theme === 'dark' || (ui.theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
    root.classList.toggle('dark', dark)
    if (ui.lang === 'en') root.lang = 'en'
  } catch (e) {
    root.classList.remove('dark')
  }
})()
