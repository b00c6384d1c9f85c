/** What commands write: results to stdout through `Terminal`, everything else to stderr. */
import * as CliOutput from "effect/cli/CliOutput"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Terminal from "effect/Terminal"
import { isBroken } from "./brokenOutput.ts"
import { reorderings } from "./reorderings.ts"

/** Files and pipes keep what reorders characters: text from right to left needs it. */
const inOrder = (text: string): string => text.replaceAll(reorderings, "")

/**
 * Writes a part of the result, without a line end, in a terminal without characters that reorder others. What cannot be
 * written interrupts the command, whose program reports it; what the command would write after that is left out.
 */
export const print = (text: string): Effect.Effect<void, never, Terminal.Terminal> =>
  Effect.gen(function* () {
    if (yield* isBroken) return
    const { canAnimate: isTerminal } = yield* TerminalCapabilities.TerminalCapabilities
    const terminal = yield* Terminal.Terminal
    yield* Effect.catch(terminal.display(isTerminal ? inOrder(text) : text), () => Effect.interrupt)
  })

/** Writes a line of the result. */
export const line = (text: string): Effect.Effect<void, never, Terminal.Terminal> => print(`${text}\n`)

/** What JSON leaves as it is and a terminal would execute: controls that are above ASCII, and those that reorder characters. */
const executed = new RegExp(`[\\u007f-\\u009f]|${reorderings.source}`, "g")

const escapeOf = (character: string): string => String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`

/** One JSON document on one line, as `jq` and line-based tools read it, which a terminal shows as it is. */
export const jsonText = (value: unknown): string => JSON.stringify(value).replaceAll(executed, escapeOf)

/** Writes the result as JSON. */
export const json = (value: unknown): Effect.Effect<void, never, Terminal.Terminal> => line(jsonText(value))

/** Writes a line that is not a part of the result. */
export const note = (text: string): Effect.Effect<void> => Console.error(inOrder(text))

/** Rows with aligned columns; the first row is the head. The columns in `right` are aligned to the right. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>, right: ReadonlyArray<number> = []): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => CliOutput.displayWidth(row[column] ?? "")))
  )
  const cell = (text: string, column: number): string => {
    const padding = " ".repeat((widths[column] ?? 0) - CliOutput.displayWidth(text))
    return right.includes(column) ? padding + text : text + padding
  }
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n")
}

const escapes = new RegExp(
  // Sequences that move the cursor, change the title or the clipboard, and single control characters except tab and line end.
  String.raw`\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_])|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]`,
  "g"
)

/** Text of a host or of a file, without what a terminal would execute. */
export const plain = (text: string): string => text.replaceAll(escapes, "")
