import { onScopeDispose, readonly, ref } from 'vue'
import { LiveMachine, type Change, type ClientFrame, type LiveState, type ServerFrame, type Wire } from './machine'

export type { Change, LiveState } from './machine'

/**
 * One socket per browser: tabs elect a leader by Web Locks and share its frames by BroadcastChannel. Without a secure context both
 * may be missing: then every visible tab has its own socket and hidden tabs none.
 */
type Message =
  | { kind: 'want'; tab: string; topics: [string, string][] } // a tab's topics with the seq it saw last
  | { kind: 'gone'; tab: string }
  | { kind: 'who' } // the leader asks what everybody wants
  | { kind: 'change'; change: Change }
  | { kind: 'resync'; topic: string }
  | { kind: 'joined'; topic: string }
  | { kind: 'state'; state: LiveState }

type Listener = { change: (change: Change) => void; resync: () => void }

const tab = Math.random().toString(36).slice(2)
const listeners = new Map<string, Set<Listener>>()
const seen = new Map<string, string>()
const wants = new Map<string, Map<string, string>>() // at the leader: tab -> topic -> seq
const state = ref<LiveState>('idle')

/** 'open' while changes flow; the shell shows a banner when it is something else for 5 s. */
export const live_state = readonly(state)

let machine: LiveMachine | null = null
let channel: BroadcastChannel | null = null
let started = false
let answered = new Set<string>()

function tell_tab(message: Message): void {
  if (message.kind === 'change') {
    seen.set(message.change.topic, message.change.seq)
    for (const listener of listeners.get(message.change.topic) ?? []) listener.change(message.change)
  } else if (message.kind === 'resync') {
    seen.delete(message.topic)
    for (const listener of listeners.get(message.topic) ?? []) listener.resync()
  } else if (message.kind === 'joined') {
    read_late(message.topic)
  } else if (message.kind === 'state') {
    state.value = message.state
  }
}

/**
 * A page reads its record and subscribes at the same time; what changed in between would show only at the next change. So a record is
 * read once more, quietly, when its topic has begun. Not lists: they change often, and reading them is dear.
 */
const late_ms = 700
function read_late(topic: string): void {
  if (!topic.includes(':')) return
  const waiting = [...(listeners.get(topic) ?? [])]
  setTimeout(() => waiting.forEach((listener) => listeners.get(topic)?.has(listener) && listener.resync()), late_ms)
}

function tell_all(message: Message): void {
  channel?.postMessage(message)
  tell_tab(message)
}

function socket_wire(): Wire {
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  return {
    open() {
      const own = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`)
      socket = own
      own.onopen = () => socket === own && machine?.opened()
      own.onmessage = (event) => socket === own && machine?.received(JSON.parse(String(event.data)) as ServerFrame)
      own.onclose = () => {
        if (socket !== own) return
        socket = null
        machine?.closed()
      }
    },
    close() {
      const own = socket
      socket = null
      own?.close()
    },
    send: (frame: ClientFrame) => socket?.send(JSON.stringify(frame)),
    after(ms, run) {
      clearTimeout(timer)
      timer = setTimeout(run, ms)
    },
    random: Math.random,
  }
}

function lead(): void {
  machine = new LiveMachine(socket_wire(), {
    change: (change) => tell_all({ kind: 'change', change }),
    resync: (topic) => tell_all({ kind: 'resync', topic }),
    joined: (topic) => tell_all({ kind: 'joined', topic }),
    state: (now) => tell_all({ kind: 'state', state: now }),
  })
  wants.clear()
  wants.set(tab, mine())
  settle()
  channel?.postMessage({ kind: 'who' } satisfies Message)
  // Tabs that crashed said no goodbye: whoever does not answer twice in a row is forgotten.
  setInterval(() => {
    for (const known of [...wants.keys()]) if (known !== tab && !answered.has(known)) wants.delete(known)
    answered = new Set()
    settle()
    channel?.postMessage({ kind: 'who' } satisfies Message)
  }, 60_000)
}

let subscribed = new Set<string>()

function settle(): void {
  if (!machine) return
  const topics = new Map<string, string>()
  for (const wanted of wants.values()) for (const [topic, seq] of wanted) if (!topics.get(topic)) topics.set(topic, seq)
  for (const [topic, seq] of topics) if (!subscribed.has(topic)) machine.subscribe(topic, seq)
  for (const topic of subscribed) if (!topics.has(topic)) machine.unsubscribe(topic)
  subscribed = new Set(topics.keys())
}

function mine(): Map<string, string> {
  return new Map([...listeners.keys()].map((topic) => [topic, seen.get(topic) ?? '']))
}

function say_wants(): void {
  if (machine) {
    wants.set(tab, mine())
    settle()
  } else {
    channel?.postMessage({ kind: 'want', tab, topics: [...mine()] } satisfies Message)
  }
}

function heard(message: Message): void {
  if (message.kind === 'who') {
    if (!machine) say_wants()
  } else if (message.kind === 'want') {
    if (!machine) return
    answered.add(message.tab)
    wants.set(message.tab, new Map(message.topics))
    settle()
    channel?.postMessage({ kind: 'state', state: machine.state } satisfies Message)
  } else if (message.kind === 'gone') {
    if (wants.delete(message.tab)) settle()
  } else if (!machine) {
    tell_tab(message)
  }
}

function share(): void {
  channel = new BroadcastChannel('lb.live')
  channel.onmessage = (event) => heard(event.data as Message)
  void navigator.locks.request('lb.live', () => {
    lead()
    return new Promise<never>(() => undefined) // until this tab ends
  })
  say_wants()
  addEventListener('pagehide', () => channel?.postMessage({ kind: 'gone', tab } satisfies Message))
  addEventListener('pageshow', (event) => event.persisted && say_wants())
}

function alone(): void {
  lead()
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      for (const topic of subscribed) machine?.unsubscribe(topic)
      subscribed = new Set()
    } else {
      say_wants()
    }
  })
}

/** Called once somebody is signed in. */
export function start_live(): void {
  if (started) return
  started = true
  if ('locks' in navigator && 'BroadcastChannel' in globalThis) share()
  else alone()
  addEventListener('online', () => machine?.hurry())
}

/** Changes of a topic from now on, or from where this browser stood. The answer ends it. */
export function subscribe(topic: string, change: (change: Change) => void, resync: () => void = () => undefined): () => void {
  const listener: Listener = { change, resync }
  const fresh = !listeners.has(topic)
  if (fresh) listeners.set(topic, new Set())
  listeners.get(topic)?.add(listener)
  if (fresh && started) say_wants()
  return () => {
    const left = listeners.get(topic)
    left?.delete(listener)
    if (left && left.size === 0) {
      listeners.delete(topic)
      if (started) say_wants()
    }
  }
}

/** In a component's setup: subscribed while it lives. */
export function use_live(topic: string, change: (change: Change) => void, resync?: () => void): void {
  onScopeDispose(subscribe(topic, change, resync))
}
