import type { ReactNode } from 'react'
import { cn } from './cn.ts'
import { useMedia } from './use-media.ts'

/** Narrower screens get cards, so that no table has to be scrolled sideways. */
const CARDS_BELOW = { normal: '(width < 960px)', wide: '(width < 1400px)' }

export interface Column<Row> {
  id: string
  /** Visible heading; an empty one needs `label`. */
  header: ReactNode
  /** Heading for screen readers when nothing is visible. */
  label?: string
  cell: (row: Row) => ReactNode
  className?: string
  /**
   * Place on a phone's card: `title` is its first line, `end` stands right of it, `hidden` is left out, and a plain
   * fact is one line with its heading.
   */
  phone?: 'title' | 'end' | 'fact' | 'hidden'
}

interface TableProps<Row> {
  /** Names the table for screen readers. */
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  /** Greys a row that is put away. */
  muted?: (row: Row) => boolean
  /** Has so many columns that it needs a whole desktop. */
  wide?: boolean | undefined
}

/** A table on a desktop; on a narrow screen each row is a card with the same order of facts. */
export function Table<Row>({ label, columns, rows, rowKey, muted, wide }: TableProps<Row>) {
  const cards = useMedia(wide ? CARDS_BELOW.wide : CARDS_BELOW.normal)
  if (cards) {
    return (
      <ul aria-label={label} className="grid grid-cols-[repeat(auto-fill,minmax(min(300px,100%),1fr))] gap-2.5">
        {rows.map((row) => (
          <li
            key={rowKey(row)}
            className="grid grid-cols-[minmax(0,1fr)] content-start gap-2 rounded-lg border border-line bg-surface p-3.5"
          >
            <PhoneCard columns={columns} row={row} />
          </li>
        ))}
      </ul>
    )
  }
  return (
    <table aria-label={label} className="w-full border-collapse">
      <thead>
        <tr>
          {columns.map((column) => (
            <th
              key={column.id}
              scope="col"
              className={cn(
                'whitespace-nowrap border-line border-b px-3 py-2 text-left font-medium text-text-3 text-xs first:pl-0 last:pr-0',
                column.className,
              )}
            >
              {column.header || <span className="sr-only">{column.label}</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} className={cn(muted?.(row) && 'text-text-3')}>
            {columns.map((column) => (
              <td
                key={column.id}
                className={cn('border-line border-b px-3 py-3 align-middle first:pl-0 last:pr-0', column.className)}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function PhoneCard<Row>({ columns, row }: { columns: readonly Column<Row>[]; row: Row }) {
  const at = (place: NonNullable<Column<Row>['phone']>) =>
    columns.filter((column) => (column.phone ?? 'fact') === place)
  return (
    <>
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          {at('title').map((column) => (
            <div key={column.id}>{column.cell(row)}</div>
          ))}
        </div>
        {at('end').map((column) => (
          <div key={column.id} className="-mt-2 -mr-2 shrink-0">
            {column.cell(row)}
          </div>
        ))}
      </div>
      <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-1 text-sm">
        {at('fact').map((column) => (
          <div key={column.id} className="contents">
            <dt className="text-text-3 text-xs">{column.header || column.label}</dt>
            <dd className="min-w-0 justify-self-end text-right">{column.cell(row)}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}
