/** A terminal with a keyboard, for prompts in this process. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as PlatformError from "effect/PlatformError"
import * as Queue from "effect/Queue"
import * as Terminal from "effect/Terminal"
import * as TestClock from "effect/testing/TestClock"
import * as LinePrompt from "../../src/prompt/linePrompt.ts"
import { type InputEvent, TypedInput } from "../../src/prompt/typedInput.ts"

const gone = PlatformError.systemError({ _tag: "Unknown", module: "Terminal", method: "display" })

export interface Keyboard {
  /** Types what arrives at once, which is read before the effect ends. */
  readonly type: (...inputs: ReadonlyArray<string>) => Effect.Effect<void>
  readonly send: (event: InputEvent) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  /** Closes the terminal: nothing can be written to it any more. */
  readonly hangUp: Effect.Effect<void>
  readonly output: () => string
}

/** Runs a program in a terminal of 40 columns, in which something is typed meanwhile. */
export const inTerminal = <A, E>(
  program: (prompt: LinePrompt.LinePrompt) => Effect.Effect<A, E, Terminal.Terminal>,
  typing: (keyboard: Keyboard) => Effect.Effect<void>
) =>
  Effect.gen(function* () {
    let output = ""
    let isGone = false
    const events = yield* Queue.make<InputEvent, Cause.Done>()
    const write = (text: string) =>
      Effect.sync(() => {
        output += text
      })
    const terminal = Terminal.make({
      columns: Effect.succeed(40),
      rows: Effect.succeed(10),
      size: Effect.die("not used"),
      readInput: Effect.die("not used"),
      readLine: Effect.die("not used"),
      display: (text) => (isGone ? Effect.fail(gone) : write(text))
    })
    const fiber = yield* LinePrompt.use(program).pipe(
      Effect.provideService(Terminal.Terminal, terminal),
      Effect.provideService(TypedInput, { events: Effect.succeed(events), suspend: write("(suspended)") }),
      Effect.exit,
      Effect.forkChild
    )
    const settle = TestClock.adjust("1 millis")
    const send = (event: InputEvent) => Effect.andThen(Queue.offer(events, event), settle)
    yield* settle
    yield* typing({
      type: (...inputs) => Effect.forEach(inputs, (text) => send({ _tag: "Typed", text }), { discard: true }),
      send,
      end: Effect.andThen(Queue.end(events), settle),
      hangUp: Effect.sync(() => {
        isGone = true
      }),
      output: () => output
    })
    const exit = yield* Fiber.join(fiber)
    return { exit, output }
  })
