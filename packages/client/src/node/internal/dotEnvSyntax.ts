/**
 * Finds the first line of a `.env` file that sets no variable. The parser of
 * Effect skips such lines, so that of a document in another format, and of an
 * incomplete one, nothing would be left but defaults.
 */

/** A line that is not valid. It contains nothing of the text, which may hold a key. */
export interface SyntaxIssue {
  readonly line: number
  readonly expected: string
}

const ignoredLine = /^\s*(?:#.*)?$/
/** As Effect's parser reads a name, with the value on the same line. */
const assignment = /^\s*(?:export\s+)?[\w.-]+(?:\s*=|:[ \t]+(?=\S))\s*/
const afterValue = /^\s*(?:#.*)?$/

/** The index after the closing quote, or -1. A quote after a backslash does not close. */
const endOfQuoted = (text: string, quote: string): number => {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === quote && text[i - 1] !== "\\") return i + 1
  }
  return -1
}

/** Whether the value is enclosed in its first quote although it contains more of them: `'it's'`. */
const isEnclosed = (value: string, quote: string): boolean => {
  const trimmed = value.trimEnd()
  return trimmed.length > 1 && trimmed.endsWith(quote)
}

/** The number of lines that a value takes which begins in a line; none if its quote is not closed. */
const linesOfValue = (value: string, lines: ReadonlyArray<string>, at: number): number | undefined => {
  const quote = value[0]
  if (quote !== '"' && quote !== "'" && quote !== "`") return 1
  let rest = value.slice(1)
  for (let taken = 1; ; taken++) {
    const end = endOfQuoted(rest, quote)
    if (end >= 0 && afterValue.test(rest.slice(end))) return taken
    if (taken === 1 && isEnclosed(value, quote)) return 1
    const next = lines[at + taken]
    if (end >= 0 || next === undefined) return undefined
    rest = next
  }
}

/** The first line that is not valid, if there is one. */
export const findIssue = (text: string): SyntaxIssue | undefined => {
  const lines = text.split(/\r\n?|\n/)
  for (let i = 0; i < lines.length;) {
    const line = lines[i] ?? ""
    if (ignoredLine.test(line)) {
      i += 1
      continue
    }
    const start = assignment.exec(line)?.[0]
    if (start === undefined) return { line: i + 1, expected: "NAME=value, or a comment" }
    const taken = linesOfValue(line.slice(start.length), lines, i)
    if (taken === undefined) return { line: i + 1, expected: "a value whose quote is closed" }
    i += taken
  }
  return undefined
}
