import type { TestProject } from 'vitest/node'
import { Client } from './client'
import { roles } from './roles'
import { Server, eventually } from './server'

/** One program for all specs: the sample company at rest, a user of each role, a channel with people in it. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const server = new Server()
  try {
    const link = await server.start()
    const password = 'every page once more'
    const admin = new Client(server.origin)
    await admin.first(link.searchParams.get('code') ?? '', 'admin', password)
    const state = () => admin.raw('GET', '/api/v1/sandbox').then((answer) => (answer.status === 200 ? answer.body : null))
    await eventually('the sample company', state, 60)
    await admin.post('sandbox/speed', { speed: 0 })
    const codes = await eventually('a code to scan', async () => ((await state())?.codes.length >= 3 ? (await state())?.codes : null), 60)
    await eventually('the members', async () => (await admin.get('members?limit=50')).items.length >= 6, 60)
    const corp = (await admin.get('corps')).items[0].id
    for (const [index, role] of roles.entries()) {
      if (role === 'admin') continue
      await admin.post('users', { name: role, role, password, corp, userid: `sample${index}`, ...(role === 'sales' || role === 'service' ? {} : { scope: 'all' }) })
    }
    const channels = (await admin.get('channels?limit=50')).items
    const channel = channels.find((one: any) => one.state === codes[0].state)
    await admin.post('sandbox/scan', { state: channel.state, count: 12 })
    const scanned = async () => (await admin.post('contacts/query', { condition: { field: 'channel', op: 'in', value: [channel.id] }, limit: 50 })).items
    await eventually('the scanned people', async () => (await scanned()).length >= 12, 60)
    const somebody = (await scanned())[0].id
    // Sales and service see their own people only: each gets one.
    for (const userid of ['sample2', 'sample4']) {
      const way = channels.find((one: any) => one.members.includes(userid))
      await admin.post('sandbox/scan', { state: way.state, userid })
    }
    const first = async (list: string) => (await admin.get(`${list}?limit=1`)).items[0]?.id
    const segment = await first('segments')
    await admin.post('pushes', { name: '新品通知', segment_id: segment, content: { text: '新品资料已为您准备好。' } })
    project.provide('world', {
      origin: server.origin,
      password,
      channel: { id: channel.id, state: channel.state, name: channel.name },
      ids: { contacts: somebody, channels: channel.id, sources: await first('sources'), segments: segment, pushes: await first('pushes') },
    })
  } catch (error) {
    await server.end()
    throw error
  }
  return async () => {
    await server.end()
    const faults = server.faults()
    if (faults.length) throw new Error(`the program: ${faults.join('\n')}`)
  }
}
