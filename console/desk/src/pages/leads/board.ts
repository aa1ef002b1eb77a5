import type { Act, Input } from './acts'
import type { Board, Row, Status } from './api'

/** The status a lead has after an act. */
export function status_after(status: Status, act: Act): Status {
  switch (act) {
    case 'claim':
      return 'new'
    case 'assign':
      return status === 'unassigned' ? 'new' : status
    case 'return':
      return 'unassigned'
    case 'stage':
      return 'following'
    case 'convert':
      return 'converted'
    case 'invalidate':
      return 'invalid'
  }
}

/** The board as the server will show it: the card on top of its new column, the counts moved along. */
export function board_after(board: Board, id: string, act: Act, input: Input): Board {
  const row = board.columns.flatMap((column) => column.items).find((one) => one.id === id)
  if (!row) return board
  const status = status_after(row.status, act)
  const owner = act === 'assign' ? (input.owner ?? row.owner) : act === 'return' ? null : row.owner
  const moved: Row = { ...row, status, owner, owner_name: owner === row.owner ? row.owner_name : '', stage: act === 'stage' ? (input.stage ?? row.stage) : act === 'return' ? '' : row.stage }
  const columns = board.columns.map((column) => {
    if (status === row.status) return { ...column, items: column.items.map((one) => (one.id === id ? moved : one)) }
    if (column.status === row.status) return { ...column, total: { ...column.total, value: column.total.value - 1 }, items: column.items.filter((one) => one.id !== id) }
    if (column.status === status) return { ...column, total: { ...column.total, value: column.total.value + 1 }, items: [moved, ...column.items] }
    return column
  })
  return { ...board, columns }
}
