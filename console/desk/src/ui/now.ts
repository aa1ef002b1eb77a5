import { ref } from 'vue'

/** The time, moved on every 30 s: one timer for every relative time on the page. */
export const minute = ref(Date.now())
setInterval(() => (minute.value = Date.now()), 30_000)
