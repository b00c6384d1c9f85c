/**
 * The text of a prompt: a column, or a template with columns in braces, such as
 * `Summarize {title}: {text}`. Doubled braces stand for single ones.
 */
import type { Prompts } from "../../../BatchJob.ts"

export interface Template {
  /** The columns that each row must have. */
  readonly columns: ReadonlyArray<string>
  /** The text, or the name of the column that has none in this row. */
  readonly render: (row: Readonly<Record<string, unknown>>) => { readonly text: string } | { readonly missing: string }
}

type Part = { readonly text: string } | { readonly column: string }

const pattern = /\{\{|\}\}|\{([^{}]+)\}|[{}]/g

/** Undefined if a brace is not closed or not opened. */
const partsOf = (template: string): ReadonlyArray<Part> | undefined => {
  const parts: Array<Part> = []
  let from = 0
  for (const found of template.matchAll(pattern)) {
    const [token, column] = found
    parts.push({ text: template.slice(from, found.index) })
    from = found.index + token.length
    if (token.length === 1) return undefined
    parts.push(column === undefined ? { text: token.charAt(0) } : { column: column.trim() })
  }
  return [...parts, { text: template.slice(from) }]
}

/** Text that is not blank, and numbers and booleans of JSON. */
export const textOf = (row: Readonly<Record<string, unknown>>, column: string): string | undefined => {
  const value = Object.hasOwn(row, column) ? row[column] : undefined
  if (typeof value === "string") return value.trim() === "" ? undefined : value
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : undefined
}

const ofParts = (parts: ReadonlyArray<Part>): Template => ({
  columns: [...new Set(parts.flatMap((part) => ("column" in part ? [part.column] : [])))],
  render: (row) => {
    let text = ""
    for (const part of parts) {
      const piece = "column" in part ? textOf(row, part.column) : part.text
      if (piece === undefined) return { missing: "column" in part ? part.column : "" }
      text += piece
    }
    return { text }
  }
})

/** What must be changed if the options cannot be used. */
export const compile = ({ column, template }: Prompts): Template | string => {
  if (typeof template === "string") {
    const parts = partsOf(template)
    if (parts === undefined) return "a text whose braces are pairs around the name of a column; double others"
    const compiled = ofParts(parts)
    return compiled.columns.length === 0 ? "a text with a column in braces, such as {text}" : compiled
  }
  if (column === undefined) return "a column, or a template with columns in braces"
  const ofColumn = ofParts([{ column }])
  if (template === undefined) return ofColumn
  return {
    columns: [column],
    render: (row) => {
      const found = ofColumn.render(row)
      return "text" in found ? { text: template(found.text, row) } : found
    }
  }
}
