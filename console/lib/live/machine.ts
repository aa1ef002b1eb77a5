/**
 * The client's half of /api/v1/live without sockets or clocks: what to send when, where each topic stands, when to come back.
 * `seq` is the server's cursor: opaque, kept per topic, handed back by `resume`.
 */
export interface ClientFrame {
  op: 'subscribe' | 'unsubscribe' | 'resume' | 'pong'
  topic?: string
  seq?: string
}

export interface Change {
  topic: string
  seq: string
  type: string
  id: string
  patch: Record<string, unknown> | null
}

export type ServerFrame = Change | { op: 'resync'; topic: string } | { op: 'ping' } | { op: 'subscribed'; topic: string; seq: string } | { op: 'refused'; topic: string; code: string }

export type LiveState = 'idle' | 'connecting' | 'open' | 'waiting'

export interface Wire {
  open(): void
  close(): void
  send(frame: ClientFrame): void
  /** One timer: a new one replaces the old. */
  after(ms: number, run: () => void): void
  random(): number
}

export interface Listener {
  change(change: Change): void
  /** Too much was missed: read the topic's data anew. */
  resync(topic: string): void
  /** The topic is followed from now on: what was read before may lack the changes in between. */
  joined(topic: string): void
  state(state: LiveState): void
}

export const pauses = [1000, 2000, 5000, 10_000]

export class LiveMachine {
  private topics = new Map<string, string>() // topic -> last seq, '' before the first
  private tries = 0
  private now: LiveState = 'idle'

  constructor(
    private wire: Wire,
    private listener: Listener,
  ) {}

  get state(): LiveState {
    return this.now
  }

  seq_of(topic: string): string {
    return this.topics.get(topic) ?? ''
  }

  private become(state: LiveState): void {
    if (state === this.now) return
    this.now = state
    this.listener.state(state)
  }

  subscribe(topic: string, seq = ''): void {
    if (this.topics.has(topic)) return
    this.topics.set(topic, seq)
    if (this.now === 'open') this.ask(topic)
    else if (this.now === 'idle') this.connect()
  }

  unsubscribe(topic: string): void {
    if (!this.topics.delete(topic)) return
    if (this.now === 'open') this.wire.send({ op: 'unsubscribe', topic })
    if (this.topics.size === 0) this.stop()
  }

  private ask(topic: string): void {
    const seq = this.topics.get(topic)
    this.wire.send(seq ? { op: 'resume', topic, seq } : { op: 'subscribe', topic })
  }

  private connect(): void {
    this.become('connecting')
    this.wire.open()
  }

  /** Nobody listens or nobody is signed in: closes and stays closed. */
  stop(): void {
    this.tries = 0
    this.become('idle')
    this.wire.after(0, () => undefined)
    this.wire.close()
  }

  opened(): void {
    if (this.now === 'idle') {
      this.wire.close()
      return
    }
    this.tries = 0
    this.become('open')
    for (const topic of this.topics.keys()) this.ask(topic)
  }

  closed(): void {
    if (this.now === 'idle') return
    this.become('waiting')
    const pause = pauses[Math.min(this.tries, pauses.length - 1)] as number
    this.tries += 1
    this.wire.after(pause * (0.75 + this.wire.random() * 0.5), () => {
      if (this.now === 'waiting') this.connect()
    })
  }

  /** The network came back: no need to wait out the pause. */
  hurry(): void {
    if (this.now !== 'waiting') return
    this.tries = 0
    this.connect()
  }

  received(frame: ServerFrame): void {
    if ('op' in frame) {
      if (frame.op === 'ping') {
        this.wire.send({ op: 'pong' })
      } else if (frame.op === 'resync') {
        if (!this.topics.has(frame.topic)) return
        this.topics.set(frame.topic, '')
        this.listener.resync(frame.topic)
        this.wire.send({ op: 'subscribe', topic: frame.topic })
      } else if (frame.op === 'subscribed' && this.topics.has(frame.topic)) {
        const begins = this.topics.get(frame.topic) === ''
        this.topics.set(frame.topic, frame.seq)
        if (begins) this.listener.joined(frame.topic)
      } else if (frame.op === 'refused') {
        this.topics.delete(frame.topic)
      }
      return
    }
    if (!this.topics.has(frame.topic)) return // on its way while we left
    this.topics.set(frame.topic, frame.seq)
    this.listener.change(frame)
  }
}
