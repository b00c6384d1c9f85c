import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import * as Logging from "../../src/node/Logging.ts"

interface Output {
  isTTY: boolean
  hasColors: () => boolean
}

/** Runs with an output that is, or is not, a terminal. */
const withOutput = <A>(output: Output, replaced: "stdout" | "stderr", effect: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.suspend(() => {
    const before = Object.getOwnPropertyDescriptor(process, replaced) ?? {}
    Object.defineProperty(process, replaced, { configurable: true, value: output })
    return Effect.ensuring(
      effect,
      Effect.sync(() => Object.defineProperty(process, replaced, before))
    )
  })

const line = (env: Record<string, string> = {}, isStderr = false) =>
  Effect.suspend(() => {
    let written = ""
    const logging = Logging.layer({ write: (text) => void (written = text) })
    return Effect.log("hello").pipe(
      Effect.provide(Layer.provide(logging, ConfigProvider.layer(ConfigProvider.fromEnv({ env })))),
      Effect.provideService(Logger.LogToStderr, isStderr),
      Effect.orDie,
      Effect.map(() => written)
    )
  })

const color = "\u001b["
const terminal: Output = { isTTY: true, hasColors: () => true }
const dull: Output = { isTTY: true, hasColors: () => false }
const pipe: Output = { isTTY: false, hasColors: () => assert.fail("a pipe is not asked") }

describe("Logging.layer", () => {
  it.effect("writes with colors to a terminal that supports them", () =>
    Effect.gen(function* () {
      assert.include(yield* withOutput(terminal, "stdout", line()), color)
    })
  )

  it.effect("writes readable lines without colors to a terminal without them", () =>
    Effect.gen(function* () {
      const plain = yield* withOutput(dull, "stdout", line())
      assert.notInclude(plain, color)
      assert.match(plain, / INFO {2}hello$/)
    })
  )

  it.effect("writes JSON to anything but a terminal", () =>
    Effect.gen(function* () {
      assert.match(yield* withOutput(pipe, "stdout", line()), /^\{.*\}$/)
    })
  )

  it.effect("checks the output that the lines are written to", () =>
    Effect.gen(function* () {
      const toTerminal = withOutput(pipe, "stdout", withOutput(terminal, "stderr", line({}, true)))
      assert.include(yield* toTerminal, color)
    })
  )

  it.effect("uses the format of the configuration", () =>
    Effect.gen(function* () {
      assert.match(yield* withOutput(terminal, "stdout", line({ KIMI_LOG_FORMAT: "json" })), /^\{.*\}$/)
      assert.match(yield* withOutput(pipe, "stdout", line({ KIMI_LOG_FORMAT: "pretty" })), / INFO {2}hello$/)
    })
  )
})
