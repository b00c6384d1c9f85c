/** A fallback plan under a budget: steps that cannot be priced or paid. */
import { assert, describe, it } from "@effect/vitest"
import { classes } from "@kimi-effect/core/KimiError"
import { Effect, Logger, Stream } from "effect"
import { providers } from "../src/Provider.ts"
import { answer, connect, events, model, settled, stateOf, transportTo, upTo } from "./support/money.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const total = { currency: "USD" as const, amount: "100" }
const failing = { chat: () => Effect.fail(overloaded), stream: () => Stream.fail(overloaded) }
const responding = { chat: () => Effect.succeed(answer(3)), stream: () => Stream.fromIterable(events(3)) }

/** OpenRouter has no price in these tests. */
const unpriced = () => transportTo(responding, providers.openrouter)

const config = { maxAttempts: 1 }

describe("a fallback plan under a budget", () => {
  it.effect("calls the next step in place of one without a known price", () =>
    Effect.gen(function* () {
      const skipped = unpriced()
      const next = transportTo(responding, providers.together)
      const fallback = [
        { transport: skipped.transport, model },
        { transport: next.transport, model }
      ]
      const { budget, kimi } = yield* connect(failing, { budget: { caps: [total] }, config, fallback })
      assert.strictEqual((yield* settled(kimi.chat(upTo(10)))).usage?.completion_tokens, 3)
      const streamed = yield* settled(Stream.runCollect(kimi.stream(upTo(10))))
      assert.strictEqual(streamed.at(-1)?._tag, "Finish")
      assert.deepStrictEqual([skipped.count.attempts, next.count.attempts], [0, 2])
      assert.deepStrictEqual(yield* stateOf(budget), ["total 6+0/100"])
    })
  )

  it.effect("fails with the error of the host when all its steps are skipped", () =>
    Effect.gen(function* () {
      const skipped = unpriced()
      const fallback = [{ transport: skipped.transport, model }]
      const { kimi } = yield* connect(failing, { budget: { caps: [total] }, config, fallback })
      for (const call of [Effect.asVoid(kimi.chat(upTo(10))), Stream.runDrain(kimi.stream(upTo(10)))]) {
        const error = yield* settled(Effect.flip(call))
        assert.strictEqual(error._tag, "OverloadedError")
        assert.deepStrictEqual(
          error.attempts?.map(({ provider, tag }) => [tag, provider]),
          [
            ["OverloadedError", "custom"],
            ["UnknownPriceError", "openrouter"]
          ]
        )
      }
    })
  )

  it.effect("skips a step that is too expensive for what is left", () =>
    Effect.gen(function* () {
      const expensive = transportTo(responding, providers.together)
      const lost = new classes.ConnectionLostError({ message: "lost" })
      const fallback = [{ transport: expensive.transport, model }]
      const budget = { caps: [{ ...total, amount: "60" }] }
      // The lost attempt is settled at its whole reservation, which leaves too little for the step.
      const host = { chat: () => Effect.delay(Effect.fail(lost), "1 minute") }
      const { kimi } = yield* connect(host, { budget, config, fallback })
      const error = yield* settled(Effect.flip(kimi.chat(upTo(40))))
      assert.strictEqual(error._tag, "ConnectionLostError")
      assert.deepStrictEqual(
        error.attempts?.map(({ tag }) => tag),
        ["ConnectionLostError", "BudgetExceededError"]
      )
      assert.strictEqual(expensive.count.attempts, 0)
    })
  )

  it.effect("is logged where the budget will skip a step, when the client is built", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      const fallback = [
        { transport: transportTo(responding, providers.together).transport, model },
        { transport: unpriced().transport, model }
      ]
      const build = (onUnknownPrice: "refuse" | "allow") =>
        Effect.provide(
          connect(failing, { budget: { caps: [total], onUnknownPrice }, config, fallback }),
          Logger.layer([logger])
        )
      yield* build("allow")
      assert.deepStrictEqual(lines, [])
      yield* build("refuse")
      assert.deepStrictEqual(lines, [
        `The budget will skip step 2 of the fallback plan: the price of ${model} at openrouter is not known in a currency of the caps`
      ])
    })
  )
})
