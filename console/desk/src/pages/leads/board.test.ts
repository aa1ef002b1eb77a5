import { expect, it } from 'vitest'
import type { Board, Row, Status } from './api'
import { board_after } from './board'

const row = (id: string, status: Status): Row => ({ id, status, contact: '9', contact_name: '示例', stage: '', owner: status === 'unassigned' ? null : '1', first_source: { kind: 'form', channel: null, source: null, state: '' }, last_source: { kind: 'form', channel: null, source: null, state: '' }, opened: '', last_touch: null, closed: null, reason: '', linked: null, owner_name: '', contact_avatar: '' })
const column = (status: Status, ...items: Row[]) => ({ status, total: { value: items.length, relation: 'eq' as const }, items, next_cursor: null })
const start: Board = { query_hash: '', columns: [column('unassigned', row('1', 'unassigned')), column('new', row('2', 'new'))] }
const ids = (board: Board) => board.columns.map((one) => [one.total.value, ...one.items.map((item) => item.id)])

it('moves a card and its count, and leaves the board before untouched', () => {
  const after = board_after(start, '1', 'assign', { owner: '7' })
  expect(ids(after)).toEqual([[0], [2, '1', '2']])
  expect(after.columns[1]?.items[0]).toMatchObject({ status: 'new', owner: '7' })
  expect(ids(start)).toEqual([[1, '1'], [1, '2']])
})
it('changes a card in place when its column stays', () => {
  const after = board_after(start, '2', 'assign', { owner: '7' })
  expect(ids(after)).toEqual(ids(start))
  expect(after.columns[1]?.items[0]?.owner).toBe('7')
})
