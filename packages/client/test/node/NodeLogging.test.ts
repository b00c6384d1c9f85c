import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger } from "effect"
import * as NodeLogging from "../../src/node/NodeLogging.ts"

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
    const logging = NodeLogging.layer({ write: (text) => void (written = text) })
    return Effect.log("hello").pipe(
      Effect.provide(Layer.provide(logging, ConfigProvider.layer(ConfigProvider.fromEnv({ env })))),
      Effect.provideService(Logger.LogToStderr, isStderr),
      Effect.orDie,
      Effect.map(() => written)
    )
  })

const colour = "\u001b["
const terminal: Output = { isTTY: true, hasColors: () => true }
const dull: Output = { isTTY: true, hasColors: () => false }
const pipe: Output = { isTTY: false, hasColors: () => assert.fail("a pipe is not asked") }

describe("NodeLogging.layer", () => {
  it.effect("writes for people in a terminal, in colours where it has them, and JSON elsewhere", () =>
    Effect.gen(function* () {
      assert.include(yield* withOutput(terminal, "stdout", line()), colour)
      const plain = yield* withOutput(dull, "stdout", line())
      assert.notInclude(plain, colour)
      assert.match(plain, / INFO {2}hello$/)
      assert.match(yield* withOutput(pipe, "stdout", line()), /^\{.*\}$/)
    })
  )

  it.effect("asks the output that the lines go to", () =>
    Effect.gen(function* () {
      const toTerminal = withOutput(pipe, "stdout", withOutput(terminal, "stderr", line({}, true)))
      assert.include(yield* toTerminal, colour)
    })
  )

  it.effect("does as it is told", () =>
    Effect.gen(function* () {
      assert.match(yield* withOutput(terminal, "stdout", line({ KIMI_LOG_FORMAT: "json" })), /^\{.*\}$/)
      assert.match(yield* withOutput(pipe, "stdout", line({ KIMI_LOG_FORMAT: "pretty" })), / INFO {2}hello$/)
    })
  )
})
