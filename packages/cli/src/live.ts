/** Lines that are redrawn in place in a terminal, and written to stderr as plain lines elsewhere. */
import * as Cause from "effect/Cause"
import * as CliOutput from "effect/cli/CliOutput"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Terminal from "effect/Terminal"
import * as Output from "./output.ts"

/** The columns of a terminal that does not know its size. */
const usualColumns = 80

/** The text without what does not fit on a line of the terminal. */
const fit = (text: string, columns: number): string => {
  let cut = text
  while (CliOutput.displayWidth(cut) > columns) cut = cut.slice(0, -1)
  return cut
}

/** An interruption is no failure: what was done until then counts. */
const hasFailed = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)

interface Options {
  /** Time between two drawings in a terminal. Defaults to 100 milliseconds. */
  readonly interval?: Duration.Input | undefined
  /** Time between two lines elsewhere. Defaults to 5 seconds. */
  readonly plainInterval?: Duration.Input | undefined
}

/**
 * Shows lines, from the first ones that there are until the scope closes, and then their last state. Lines elsewhere go
 * to stderr, so that a pipe has results only. What fails before it shows any, such as an input that cannot be read as
 * the flags require, has made no progress.
 */
export const live = Effect.fnUntraced(function* (
  render: () => ReadonlyArray<string>,
  { interval = "100 millis", plainInterval = "5 seconds" }: Options = {}
) {
  const terminal = yield* Terminal.Terminal
  const { canAnimate } = yield* TerminalCapabilities.TerminalCapabilities
  let drawn = 0
  let last = ""
  const draw = Effect.fnUntraced(function* (display: typeof Output.print) {
    const columns = canAnimate ? (yield* terminal.columns) || usualColumns : Number.POSITIVE_INFINITY
    const lines = render().map((line) => fit(Output.plain(line), columns))
    const text = lines.join("\n")
    if (text === last) return
    last = text
    // Up, and to the start of the line: the terminal has echoed the ^C of an interruption.
    const back = drawn > 0 ? `\r\u001b[${drawn}A` : ""
    drawn = lines.length
    yield* canAnimate ? display(`${back}\u001b[0J${text}\n`) : Output.note(text)
  })
  // `Output.print` would interrupt what closes the scope where the terminal is gone.
  yield* Effect.addFinalizer((exit) =>
    last === "" && hasFailed(exit) ? Effect.void : draw((text) => Effect.ignore(terminal.display(text)))
  )
  yield* Effect.forkScoped(Effect.repeat(draw(Output.print), Schedule.spaced(canAnimate ? interval : plainInterval)))
})
