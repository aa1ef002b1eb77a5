import { defineComponent, h, type PropType, type Slots } from 'vue'
import type { ColumnDef } from './columns'

export interface RowActs {
  click: (event: MouseEvent, index: number) => void
  open: (index: number) => void
  tick: (index: number, range: boolean) => void
}

/**
 * One row of the grid. A component of its own, so that a key press draws the two rows it touches and not every row in sight: what it
 * is given is compared one by one, and the cells, which are the grid's slots, are called in here.
 */
export const GridRow = defineComponent({
  name: 'GridRow',
  props: {
    row: { type: Object as PropType<{ id: string }>, required: true },
    index: { type: Number, required: true },
    /** aria-rowindex */
    place: { type: Number, required: true },
    columns: { type: Array as PropType<ColumnDef<never>[]>, required: true },
    cells: { type: Object as PropType<Slots>, required: true },
    acts: { type: Object as PropType<RowActs>, required: true },
    template: { type: String, required: true },
    start: { type: Number, required: true },
    size: { type: Number, required: true },
    selectable: { type: Boolean, required: true },
    label: { type: String, required: true },
    at: { type: Boolean, required: true },
    on: { type: Boolean, required: true },
    peek: { type: Boolean, required: true },
    changed: { type: Boolean, required: true },
  },
  setup(props) {
    const box = () =>
      h('div', { class: 'grid-cell box', role: 'gridcell' }, [
        h('input', { type: 'checkbox', tabindex: -1, checked: props.on, 'aria-label': props.label, onClick: (event: MouseEvent) => props.acts.tick(props.index, event.shiftKey) }),
      ])
    const cell = (column: ColumnDef<never>) =>
      h('div', { key: column.key, class: ['grid-cell', column.align], role: 'gridcell' },
        props.cells[`cell-${column.key}`]?.({ row: props.row }) ?? h('span', { class: 'ellipsis' }, column.text?.(props.row as never)))
    return () =>
      h('div', {
        id: `row-${props.row.id}`,
        class: ['grid-row', { at: props.at, on: props.on, peek: props.peek, 'just-changed': props.changed }],
        role: 'row',
        'aria-rowindex': props.place,
        'aria-selected': props.selectable ? props.on : undefined,
        style: { gridTemplateColumns: props.template, transform: `translateY(${props.start}px)`, height: `${props.size}px` },
        onClick: (event: MouseEvent) => props.acts.click(event, props.index),
        onDblclick: () => props.acts.open(props.index),
      }, [props.selectable ? box() : null, ...props.columns.map(cell)])
  },
})
