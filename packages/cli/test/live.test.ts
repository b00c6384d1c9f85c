import { assert, it } from "@effect/vitest"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as PlatformError from "effect/PlatformError"
import * as TestClock from "effect/testing/TestClock"
import * as Terminal from "effect/Terminal"
import { live } from "../src/live.ts"

const terminalOf = (columns: number, display: Terminal.Terminal["display"]) =>
  Terminal.make({
    columns: Effect.succeed(columns),
    rows: Effect.succeed(24),
    size: Effect.die("not used"),
    readInput: Effect.die("not used"),
    readLine: Effect.die("not used"),
    display
  })

const animated = Effect.provideService(TerminalCapabilities.TerminalCapabilities, {
  canAnimate: true,
  canPrompt: true,
  canColor: true
})

it.effect("ends when the terminal is gone", () =>
  Effect.gen(function* () {
    const failed = yield* Deferred.make<void>()
    const display = () =>
      Effect.andThen(
        Deferred.succeed(failed, undefined),
        Effect.fail(PlatformError.systemError({ _tag: "Unknown", module: "Terminal", method: "display" }))
      )
    let count = 0
    const shown = yield* Effect.scoped(
      Effect.andThen(
        live(() => [`line ${count++}`]),
        Effect.never
      )
    ).pipe(Effect.provideService(Terminal.Terminal, terminalOf(80, display)), Effect.forkChild)
    yield* TestClock.adjust("1 second")
    yield* Deferred.await(failed)
    yield* Fiber.interrupt(shown)
    assert.isAbove(count, 1)
  }).pipe(animated)
)

it.effect("shows whole lines in a terminal that does not know its size", () =>
  Effect.gen(function* () {
    let stdout = ""
    const display = (text: string) => Effect.sync(() => void (stdout += text))
    yield* Effect.scoped(live(() => ["3 of 10 rows"])).pipe(
      Effect.provideService(Terminal.Terminal, terminalOf(0, display))
    )
    assert.include(stdout, "3 of 10 rows\n")
  }).pipe(animated)
)
