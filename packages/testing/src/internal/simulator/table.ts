/** A report or a comparison as text. */
import type { Comparison } from "../../simulator/Comparison.ts"
import type { Report } from "../../simulator/Report.ts"
import { rowsOf } from "./comparisonRows.ts"
import { sectionsOf, titleOf } from "./reportSections.ts"

const reportTable = (report: Report): ReadonlyArray<string> => {
  const sections = sectionsOf(report)
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([name]) => name.length)))
  return sections.flatMap(({ rows, title }) => [
    "",
    title,
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
  ])
}

const comparisonTable = (comparison: Comparison): ReadonlyArray<string> => {
  const lines = [
    ["", ...comparison.configurations.map(({ name }) => name)],
    ...rowsOf(comparison).map(({ name, values }) => [name, ...values])
  ]
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return [
    "",
    ...lines.map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd()
    )
  ]
}

/**
 * Formats a report, or a comparison with a column for each configuration, as a
 * table for a terminal.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toTable = (result: Report | Comparison): string =>
  [
    `${titleOf(result)}, from ${result.start}`,
    ...("configurations" in result ? comparisonTable(result) : reportTable(result))
  ].join("\n")
