import { describe, expect, it } from 'vitest'
import { LiveMachine, pauses, type ClientFrame, type LiveState } from './machine'

function rig() {
  const sent: ClientFrame[] = []
  const states: LiveState[] = []
  const changes: string[] = []
  const resyncs: string[] = []
  const joined: string[] = []
  const seen = { opened: 0, closed: 0, pause: -1, run: () => {} }
  const machine = new LiveMachine(
    {
      open: () => (seen.opened += 1),
      close: () => (seen.closed += 1),
      send: (frame) => sent.push(frame),
      after: (ms, run) => ((seen.pause = ms), (seen.run = run)),
      random: () => 0.5,
    },
    { change: (change) => changes.push(change.id), resync: (topic) => resyncs.push(topic), joined: (topic) => joined.push(topic), state: (state) => states.push(state) },
  )
  return { machine, sent, states, changes, resyncs, joined, seen }
}
const change = (topic: string, seq: string, id = 'a') => ({ topic, seq, type: 'updated', id, patch: {} })

describe('live machine', () => {
  it('connects with the first topic and subscribes once open', () => {
    const { machine, sent, seen } = rig()
    machine.subscribe('leads')
    machine.subscribe('contacts')
    expect(seen.opened).toBe(1)
    expect(sent).toEqual([])
    machine.opened()
    expect(sent).toEqual([
      { op: 'subscribe', topic: 'leads' },
      { op: 'subscribe', topic: 'contacts' },
    ])
  })

  it('resumes every topic from the last seq it saw', () => {
    const { machine, sent, changes } = rig()
    machine.subscribe('leads')
    machine.opened()
    machine.received(change('leads', '7', 'x'))
    machine.received(change('leads', '9', 'y'))
    machine.closed()
    sent.length = 0
    machine.hurry()
    machine.opened()
    expect(changes).toEqual(['x', 'y'])
    expect(sent).toEqual([{ op: 'resume', topic: 'leads', seq: '9' }])
  })

  it('tells when a topic begins, as what was read before may lack a change; not when it resumes', () => {
    const { machine, joined } = rig()
    machine.subscribe('push:1')
    machine.opened()
    expect(joined).toEqual([])
    machine.received({ op: 'subscribed', topic: 'push:1', seq: '4' })
    expect(joined).toEqual(['push:1'])
    machine.closed()
    machine.hurry()
    machine.opened()
    machine.received({ op: 'subscribed', topic: 'push:1', seq: '4' })
    expect(joined).toEqual(['push:1'])
    machine.received({ op: 'resync', topic: 'push:1' }) // itself says to read anew
    machine.received({ op: 'subscribed', topic: 'push:1', seq: '9' })
    expect(joined).toEqual(['push:1', 'push:1'])
  })

  it('waits 1, 2, 5, 10, 10 s and begins anew after it was open', () => {
    const { machine, seen } = rig()
    machine.subscribe('leads')
    for (const pause of [...pauses, 10_000]) {
      machine.closed()
      expect(seen.pause).toBe(pause)
      seen.run()
    }
    machine.opened()
    machine.closed()
    expect(seen.pause).toBe(1000)
  })

  it('forgets the seq on resync, tells the page and subscribes anew', () => {
    const { machine, sent, resyncs } = rig()
    machine.subscribe('leads', '3')
    machine.opened()
    expect(sent).toEqual([{ op: 'resume', topic: 'leads', seq: '3' }])
    machine.received({ op: 'resync', topic: 'leads' })
    expect(resyncs).toEqual(['leads'])
    expect(machine.seq_of('leads')).toBe('')
    expect(sent.at(-1)).toEqual({ op: 'subscribe', topic: 'leads' })
  })

  it('drops frames of topics it left', () => {
    const { machine, changes } = rig()
    machine.subscribe('leads')
    machine.subscribe('contacts')
    machine.opened()
    machine.unsubscribe('leads')
    machine.received(change('leads', '1'))
    expect(changes).toEqual([])
  })

  it('closes when nobody listens, and a late opening does not wake it', () => {
    const { machine, seen, states } = rig()
    machine.subscribe('leads')
    machine.unsubscribe('leads')
    expect(machine.state).toBe('idle')
    machine.opened()
    expect(seen.closed).toBe(2)
    machine.closed()
    expect(states.at(-1)).toBe('idle')
  })

  it('answers pings', () => {
    const { machine, sent } = rig()
    machine.subscribe('leads')
    machine.opened()
    machine.received({ op: 'ping' })
    expect(sent.at(-1)).toEqual({ op: 'pong' })
  })
})
