/** The rows of a terminal that show a prompt and its cursor. */
import { charactersOf, widthOf } from "./characters.ts"

export interface Size {
  readonly columns: number
  /** The rows of the terminal: of a longer text, those around the cursor are shown. */
  readonly rows: number
}

export interface Layout {
  readonly rows: ReadonlyArray<string>
  /** The row with the cursor, and what is before the cursor in it. */
  readonly row: number
  readonly before: string
}

/** Under the mark of the first line. */
const indent = "  "
const tab = "    "

class Rows {
  readonly rows: Array<string> = [""]
  private width = 0
  private readonly columns: number

  constructor(columns: number) {
    this.columns = columns
  }

  get last(): string {
    return this.rows.at(-1) ?? ""
  }

  private begin(text: string): void {
    this.rows.push(text)
    this.width = text.length
  }

  /** Begins a row where there is no place for so many columns. */
  reserve(width: number): void {
    if (this.width + width > this.columns) this.begin("")
  }

  add(text: string): void {
    for (const [at, line] of text.split("\n").entries()) {
      if (at > 0) this.begin(indent)
      for (const character of charactersOf(line)) {
        const shown = character === "\t" ? tab : character
        const width = shown === tab ? tab.length : widthOf(shown)
        this.reserve(width)
        this.rows[this.rows.length - 1] += shown
        this.width += width
      }
    }
  }
}

/** Of more rows than the terminal has, those around the cursor. */
const visible = ({ before, row, rows }: Layout, height: number): Layout => {
  const start = Math.max(0, Math.min(row - Math.floor(height / 2), rows.length - height))
  return { rows: rows.slice(start, start + height), row: row - start, before }
}

/** The label, and the text after it with the cursor between its two parts. */
export const layout = (label: string, [left, right]: readonly [string, string], { columns, rows }: Size): Layout => {
  const content = new Rows(columns)
  content.add(label + left)
  // The cursor needs a column too: at the end of a full row, it is in the next one.
  content.reserve(1)
  const [row, before] = [content.rows.length - 1, content.last]
  content.add(right)
  return visible({ rows: content.rows, row, before }, rows)
}

const columnsOf = (row: string): number => {
  let columns = 0
  for (const character of charactersOf(row)) columns += widthOf(character)
  return columns
}

/** How many rows of the terminal are above the cursor, also if it has become narrower since the rows were written. */
export const rowsAbove = ({ before, row, rows }: Layout, columns: number): number => {
  const above = rows.slice(0, row).map((text) => Math.max(1, Math.ceil(columnsOf(text) / columns)))
  return above.reduce((sum, count) => sum + count, Math.floor(columnsOf(before) / columns))
}
