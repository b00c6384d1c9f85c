/** Redraws a prompt in place: what a terminal must get for it. */
import type { Editor } from "./editor.ts"
import { layout, type Layout, rowsAbove, type Size } from "./layout.ts"

const up = (rows: number): string => (rows > 0 ? `\u001b[${rows}A` : "")
const down = (rows: number): string => (rows > 0 ? `\u001b[${rows}B` : "")

export class Screen {
  private shown: Layout | undefined

  /** The label and the text, in place of what is shown. */
  draw(label: string, { cursor, text }: Editor, size: Size): string {
    const above = this.shown === undefined ? 0 : rowsAbove(this.shown, size.columns)
    const next = layout(label, [text.slice(0, cursor), text.slice(cursor)], size)
    this.shown = next
    const { before, row, rows } = next
    // The cursor is placed by what is before it: terminals differ in the width of some characters.
    return `\r${up(above)}\u001b[J${rows.join("\r\n")}${up(rows.length - 1 - row)}\r${before}`
  }

  /** Moves to the end of what is shown, which stays. */
  leave(): string {
    if (this.shown === undefined) return ""
    const { row, rows } = this.shown
    this.shown = undefined
    return down(rows.length - 1 - row)
  }

  /** Clears the screen, for the next drawing. */
  clear(): string {
    this.shown = undefined
    return "\u001b[H\u001b[2J"
  }
}
