/** Equal calls of callers, of which one is refused. */
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../../src/CallOptions.ts"
import { BudgetExceededError } from "../../../src/errors/MoneyErrors.ts"
import type { Call } from "../../../src/pipeline/Call.ts"
import { call, finish, makeMemory, response, start, text } from "../support/cache.ts"

const amount = BigDecimal.fromBigInt(1n)
const refusal = new BudgetExceededError({
  message: "spent",
  scope: "job:poor",
  currency: "USD",
  cap: amount,
  spent: amount,
  reserved: amount,
  requested: amount
})

/** The inner stages: the job decides whether the call is made, after a while. */
const below = Effect.fnUntraced(function* (asked: Array<string>) {
  const { job } = yield* CallOptions.CallOptions
  asked.push(job)
  yield* Effect.sleep("1 second")
  if (job === "poor") return yield* Effect.fail(refusal)
})

const make = Effect.gen(function* () {
  const stage = (yield* makeMemory()).stage()
  const asked: Array<string> = []
  return {
    asked,
    chat: stage.effect(() => Effect.as(below(asked), response("answer"))),
    stream: stage.stream(() =>
      Stream.unwrap(Effect.as(below(asked), Stream.fromIterable([start, text("answer"), finish])))
    )
  }
})

const as =
  (job: string) =>
  <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.forkChild(Effect.exit(CallOptions.provide({ job })(effect)))

describe("A call that its own budget refuses", () => {
  it.effect("fails alone: calls that wait for the same response ask the host once", () =>
    Effect.gen(function* () {
      const { asked, chat } = yield* make
      const poor = yield* as("poor")(chat(call))
      yield* TestClock.adjust(0)
      const others = yield* Effect.forEach(Array.from({ length: 5 }), () => as("rich")(chat(call)))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Fiber.join(poor), Exit.fail(refusal))
      for (const fiber of others) assert.strictEqual((yield* yield* Fiber.join(fiber)).text, "answer")
      assert.deepStrictEqual(asked, ["poor", "rich"])
    })
  )

  it.effect("fails alone as a stream", () =>
    Effect.gen(function* () {
      const { asked, chat, stream } = yield* make
      const poor = yield* as("poor")(Stream.runCollect(stream(call)))
      yield* TestClock.adjust(0)
      const reader = yield* as("rich")(Stream.runCollect(stream(call)))
      const caller = yield* as("rich")(chat(call))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* Fiber.join(poor), Exit.fail(refusal))
      const events = yield* yield* Fiber.join(reader)
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag),
        ["Start", "TextDelta", "Finish"]
      )
      assert.strictEqual((yield* yield* Fiber.join(caller)).text, "answer")
      assert.deepStrictEqual(asked, ["poor", "rich"])
    })
  )

  it.effect("fails the streams that joined it after they have received events", () =>
    Effect.gen(function* () {
      const stage = (yield* makeMemory()).stage()
      let asked = 0
      const stream = stage.stream(() => {
        asked += 1
        const refused = Stream.fromEffect(Effect.andThen(Effect.sleep("1 second"), Effect.fail(refusal)))
        return Stream.concat(Stream.fromIterable([start, text("answer")]), refused)
      })
      const first = yield* as("poor")(Stream.runDrain(stream(call)))
      const joined = yield* as("rich")(Stream.runDrain(stream(call)))
      yield* TestClock.adjust("5 seconds")
      for (const fiber of [first, joined]) assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail(refusal))
      assert.strictEqual(asked, 1)
    })
  )

  it.effect("leaves the answer of the next call to those that waited with it", () =>
    Effect.gen(function* () {
      const chat = (yield* makeMemory())
        .stage()
        .effect(() =>
          Effect.flatMap(CallOptions.CallOptions, ({ job }) =>
            job === "poor" ? Effect.delay(Effect.fail(refusal), "1 second") : Effect.succeed(response("answer"))
          )
        )
      yield* as("poor")(chat(call))
      yield* TestClock.adjust(0)
      const others = yield* Effect.forEach([1, 2], () => as("rich")(chat(call)))
      yield* TestClock.adjust("1 second")
      const levels = yield* Effect.forEach(others, (fiber) =>
        Effect.map(Effect.flatten(Fiber.join(fiber)), ({ cached }) => cached?.level)
      )
      assert.deepStrictEqual(levels, [undefined, "memory"])
    })
  )

  /** The end of the last of equal calls of which the first three are refused, and the calls that the host received. */
  const afterRefusals = Effect.fnUntraced(function* (run: "chat" | "stream") {
    const stage = (yield* makeMemory()).stage()
    const received: Array<Call> = []
    const asked: Array<string> = []
    const inner = (call: Call) =>
      Effect.suspend(() => {
        received.push(call)
        return below(asked)
      })
    const chat = stage.effect((call) => Effect.as(inner(call), response("answer")))
    const stream = stage.stream((call) =>
      Stream.unwrap(Effect.as(inner(call), Stream.fromIterable([start, text("answer"), finish])))
    )
    const ask = Effect.asVoid(run === "chat" ? chat(call) : Stream.runDrain(stream(call)))
    for (let i = 0; i < 3; i++) {
      yield* as("poor")(ask)
      yield* TestClock.adjust(0)
    }
    const others = [yield* as("rich")(ask), yield* as("rich")(ask)]
    yield* TestClock.adjust("3 seconds")
    assert.deepStrictEqual(asked, ["poor", "poor", "poor", "rich", "rich"])
    yield* TestClock.adjust("1 second")
    for (const fiber of others) assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.void)
    return received
  })

  it.effect.each(["chat", "stream"] as const)("waits for two others at most before it asks the host alone: %s", (run) =>
    Effect.gen(function* () {
      const received = yield* afterRefusals(run)
      assert.isTrue(received.every(({ request }) => request === call.request))
      assert.strictEqual(new Set(received.map(({ state }) => state)).size, 5)
    })
  )

  it.effect("fails however often it joins others that are refused", () =>
    Effect.gen(function* () {
      const { asked, chat, stream } = yield* make
      const calls = yield* Effect.forEach(Array.from({ length: 6 }), () => as("poor")(chat(call)))
      const streams = yield* Effect.forEach(Array.from({ length: 6 }), () => as("poor")(Stream.runDrain(stream(call))))
      yield* TestClock.adjust("1 minute")
      for (const fiber of calls) assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail(refusal))
      for (const fiber of streams) assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail(refusal))
      assert.strictEqual(asked.length, 12)
    })
  )
})
