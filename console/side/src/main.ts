import { createApp } from 'vue'
import '@lib/tokens.css'
import './base.css'
import App from './App.vue'
import { gateway } from './api'
import { wecom_bridge } from './bridge/wecom'
import { type Place, make_side } from './side'
import { follow_theme } from './theme'
import { language, speak } from './words'

const query = new URLSearchParams(location.search)
const corp = query.get('corp') ?? ''

const place: Place = {
  url: () => location.href.split('#')[0] as string,
  query: (name) => query.get(name) ?? '',
  hash: () => location.hash,
  return_signed_in: () => location.replace(`${location.pathname}${corp ? `?corp=${encodeURIComponent(corp)}` : ''}#in`),
  settle: () => {
    if (location.hash) history.replaceState(null, '', place.url())
  },
}

follow_theme()
speak(language.value)
const side = make_side({
  bridge: wecom_bridge(place.url),
  api: gateway(corp),
  place,
  now: () => Date.now(),
  sleep: (ms) => new Promise((done) => setTimeout(done, ms)),
})
// register() of the SDK leaves its own promise alone when the client refuses; getContext throws the same to us.
window.addEventListener('unhandledrejection', (event) => {
  if (event.reason && typeof event.reason === 'object' && 'errMsg' in event.reason) event.preventDefault()
})
createApp(App, { side }).mount('#app')
void side.start()
window.addEventListener('online', () => void side.start())
