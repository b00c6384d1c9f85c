/** The report as text. */
import type { Report } from "../../simulator/Report.ts"
import { sectionsOf, titleOf } from "./reportSections.ts"

/**
 * Formats a report as a table for a terminal.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toTable = (report: Report): string => {
  const sections = sectionsOf(report)
  const width = Math.max(...sections.flatMap(({ rows }) => rows.map(([name]) => name.length)))
  return [
    `${titleOf(report)}, from ${report.start}`,
    ...sections.flatMap(({ rows, title }) => [
      "",
      title,
      ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
    ])
  ].join("\n")
}
