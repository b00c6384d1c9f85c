/** Scripts and other options that a program without types gives to a provider. */
import { assert, describe, it } from "@effect/vitest"
import type { ConfigurationError } from "@kimi-effect/core/ConfigurationErrors"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import { Cause, Effect, Exit, Layer } from "effect"
import * as MockProvider from "../src/MockProvider.ts"
import * as Fault from "../src/Fault.ts"
import * as Reply from "../src/Reply.ts"
import * as Script from "../src/Script.ts"

const untyped = (value: unknown) => value as Script.Script

const issuesOf = (script: unknown) =>
  Effect.map(
    Effect.flip(Effect.scoped(Layer.build(MockProvider.layerClient({ script: untyped(script) })))),
    ({ issues }: ConfigurationError) => issues.map(({ name }) => name)
  )

const invalid: ReadonlyArray<readonly [name: string, script: unknown, issues: ReadonlyArray<string>]> = [
  ["a text", "Hello!", ["script"]],
  ["a number", 5, ["script"]],
  ["a Promise", Promise.resolve("Hello!"), ["script"]],
  ["an object of another kind", { _tag: "Other" }, ["script"]],
  ["a list with null", ["Hello!", null], ["script[1]"]],
  ["a list with undefined", [undefined, "Hello!"], ["script[0]"]],
  ["a list in a list with a number", [["Hello!", 5]], ["script[0][1]"]],
  ["a repeated number", Script.repeat(untyped(5)), ["script.script"]],
  ["a sequence with null", Script.sequence(["Hello!"], untyped(null)), ["script.scripts[1]"]],
  ["a reply with a status of 700", ["Hello!", Reply.json({}, { status: 700 })], ["script[1].status"]],
  ["a reply with a negative delay", [Reply.faulty(Fault.SlowBody({ delay: -5 }))], ["script[0].fault.delay"]],
  ["an alternative of null", Script.orElse(["Hello!"], untyped(null)), ["script.otherwise"]]
]

describe("a provider", () => {
  for (const [name, script, issues] of invalid) {
    it.effect(`refuses ${name} as its script`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* issuesOf(script), issues)
      })
    )
  }

  it.effect("refuses other options of the wrong type", () =>
    Effect.gen(function* () {
      const options: object = {
        balance: "12.50",
        chunking: { bytes: Number.NaN },
        models: "kimi-k3",
        tokenEstimate: Number.NaN
      }
      const error = yield* Effect.flip(Effect.scoped(Layer.build(MockProvider.layerHttp(options))))
      const names = error.issues.map(({ name }) => name)
      assert.deepStrictEqual(names, ["models", "tokenEstimate", "balance", "chunking"])
    })
  )

  it.effect("refuses an invalid script that is played later", () =>
    Effect.gen(function* () {
      const provider = yield* MockProvider.MockProvider
      const exit = yield* Effect.exit(provider.play(untyped(["Hello!", null])))
      assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "", "script[1]")
    }).pipe(Effect.provide(MockProvider.layerClient()))
  )

  it.effect("names a reply that a function of its script returned that cannot be sent", () =>
    Effect.gen(function* () {
      const { chat } = yield* KimiClient.KimiClient
      const exit = yield* Effect.exit(chat({ messages: [{ role: "user", content: "Hello" }] }))
      assert.include(
        Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "",
        "request 1 that cannot be sent: reply.status must be a whole number"
      )
    }).pipe(Effect.provide(MockProvider.layerClient({ script: () => Reply.json({}, { status: 700 }) })))
  )

  it.effect("refuses a reply to another request that cannot be sent", () =>
    Effect.gen(function* () {
      const balance = Reply.json({}, { status: 700 })
      const error = yield* Effect.flip(Effect.scoped(Layer.build(MockProvider.layerHttp({ balance }))))
      assert.deepStrictEqual(
        error.issues.map(({ name }) => name),
        ["balance.status"]
      )
    })
  )

  const returned: ReadonlyArray<readonly [name: string, value: unknown]> = [
    ["null", null],
    ["undefined", undefined],
    ["a number", 5],
    ["a Promise", Promise.resolve("Hello!")],
    ["an object that is no reply", {}],
    ["null", Effect.succeed(null)]
  ]
  for (const [index, [name, value]] of returned.entries()) {
    it.effect(`names ${name} that a function of its script returned (${index + 1})`, () =>
      Effect.gen(function* () {
        const { chat } = yield* KimiClient.KimiClient
        const exit = yield* Effect.exit(chat({ messages: [{ role: "user", content: "Hello" }] }))
        assert.include(
          Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "",
          `MockProvider: the script returned ${name} for request 1`
        )
      }).pipe(Effect.provide(MockProvider.layerClient({ script: () => value as string })))
    )
  }
})
