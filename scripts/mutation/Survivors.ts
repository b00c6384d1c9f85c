/** The changes that no test noticed, compared with those that are known to do no harm. */
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import type { MutantResult } from "@stryker-mutator/api/core"
import survivors from "./survivors.json" with { type: "json" }

/** Changes that tests need not notice. */
interface Accepted {
  readonly file: string
  /** A part of the line that is changed. */
  readonly line: string
  /** What the line is changed to there; any change if it is missing. */
  readonly replacement?: string
  readonly reason: string
}

const accepted: ReadonlyArray<Accepted> = survivors

/** Least share of changes that tests must notice, in percent. */
const minScore = 90

const isNoticed = ({ status }: MutantResult): boolean => status === "Killed" || status === "Timeout"

const isMissed = ({ status }: MutantResult): boolean => status === "Survived" || status === "NoCoverage"

/** The changed code in one line. */
const codeOf = (lines: ReadonlyArray<string>, { end, start }: MutantResult["location"]): string =>
  lines
    .slice(start.line - 1, end.line)
    .map((line, index, all) =>
      line.slice(index === 0 ? start.column - 1 : 0, index === all.length - 1 ? end.column - 1 : undefined)
    )
    .map((line) => line.trim())
    .join(" ")

/** A text of three words or more is for people: no program depends on it. */
const isProse = (code: string): boolean => /^["'`][^"'`]*[a-z]+ [a-z]+ [a-z]+[^"'`]*["'`]$/i.test(code)

const shorten = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text)

/** Prints the changes that no test noticed and the score. Returns whether every one is accepted and the score is high enough. */
export const report = (mutants: ReadonlyArray<MutantResult>, root: string): boolean => {
  const missedEntries = new Set<Accepted>()
  const known = new Set<Accepted>()
  const files = new Map<string, ReadonlyArray<string>>()
  const problems: Array<string> = []
  for (const mutant of mutants) {
    const file = relative(root, mutant.fileName)
    const lines = files.get(file) ?? readFileSync(root + file, "utf8").split("\n")
    files.set(file, lines)
    const code = codeOf(lines, mutant.location)
    const replacement = mutant.replacement.replaceAll(/\s*\n\s*/g, " ")
    const line = lines[mutant.location.start.line - 1] ?? ""
    const entries = accepted.filter(
      (one) =>
        one.file === file &&
        line.includes(one.line) &&
        (one.replacement === undefined || one.replacement === replacement)
    )
    for (const entry of entries) known.add(entry)
    if (!isMissed(mutant)) continue
    for (const entry of entries) missedEntries.add(entry)
    if (entries.length > 0 || (mutant.mutatorName === "StringLiteral" && isProse(code))) continue
    const isCovered = mutant.status === "Survived" ? "" : " (no test runs it)"
    problems.push(
      `${file}:${mutant.location.start.line}: ${mutant.mutatorName}${isCovered}\n  - ${shorten(code)}\n  + ${shorten(replacement)}`
    )
  }
  for (const entry of accepted) {
    if (!files.has(entry.file) || missedEntries.has(entry)) continue
    const row = `scripts/mutation/survivors.json: ${JSON.stringify(entry)}`
    // Whether code that runs once is noticed depends on which test has loaded its module first.
    if (known.has(entry)) process.stdout.write(`${row} was noticed in this run\n`)
    else problems.push(`${row} changes nothing: remove it`)
  }
  for (const problem of problems) process.stdout.write(`${problem}\n`)
  const noticed = mutants.filter(isNoticed).length
  const missed = mutants.filter(isMissed).length
  const failed = mutants.filter(({ status }) => status === "RuntimeError").length
  const score = noticed + missed === 0 ? 100 : (100 * noticed) / (noticed + missed)
  process.stdout.write(
    `${noticed} of ${noticed + missed} changes noticed (${score.toFixed(1)} %), ${problems.length} problems, ${failed} errors of the runner\n`
  )
  return problems.length === 0 && failed === 0 && score >= minScore
}
