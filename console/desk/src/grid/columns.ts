import type { Column } from './view_state'

/** One column a list can show. Its cell is the slot `cell-KEY` of the grid, else `text(row)`. */
export interface ColumnDef<Row> {
  key: string
  title: string
  width: number
  /** Takes what is left over; one per grid. */
  grow?: boolean
  align?: 'right'
  /** Name the server sorts by; absent: not sortable. */
  sort?: string
  /** Not shown until chosen. */
  extra?: boolean
  /** Gone below this width of the grid, in pixels. */
  from?: number
  /** Cannot be hidden: the first column names the row. */
  fixed?: boolean
  text?: (row: Row) => string
}

/** The shown columns in order: the person's choice, else the page's; fixed ones always. */
export function shown_columns<Row>(all: ColumnDef<Row>[], chosen: Column[] | null, width: number): (ColumnDef<Row> & { pixels: number })[] {
  const wanted: Column[] = chosen ?? all.filter((column) => !column.extra).map((column) => ({ key: column.key }))
  const missing = all.filter((column) => column.fixed && !wanted.some((one) => one.key === column.key)).map((column) => ({ key: column.key }))
  return [...missing, ...wanted].flatMap((one: Column) => {
    const column = all.find((def) => def.key === one.key)
    if (!column || (!chosen && column.from && width > 0 && width < column.from)) return []
    return [{ ...column, pixels: one.width ?? column.width }]
  })
}
