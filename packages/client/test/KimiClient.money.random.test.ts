/** Many concurrent calls under one budget, with random outcomes. */
import { assert, describe, it } from "@effect/vitest"
import * as CallOptions from "@kimi-effect/core/CallOptions"
import { classes } from "@kimi-effect/core/KimiError"
import * as Accounting from "@kimi-effect/core/Accounting"
import { BigDecimal, Effect, Exit, Fiber, Option, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import { answer, connect, events, upTo } from "./support/money.ts"

const overloaded = new classes.OverloadedError({ message: "overloaded" })
const lost = new classes.ConnectionLostError({ message: "lost" })

/** The outcomes of 200 calls. */
interface Ends {
  done: number
  refused: number
  /** Refused after a wait for other calls; a part of `refused`. */
  waited: number
  failed: number
  interrupted: number
}

describe("200 concurrent calls", () => {
  /** Makes the calls, and asserts the caps at every attempt. */
  const outcome = Effect.gen(function* () {
    const chance = yield* Random.Random
    const between = (from: number, to: number) => from + Math.floor(chance.nextDoubleUnsafe() * (to - from + 1))
    const failures = [undefined, undefined, undefined, overloaded, lost]
    const ledgerCheck = { check: Effect.void, checks: 0 }
    /** Waits a random time, and then succeeds or fails. */
    const work = Effect.suspend(() => {
      const error = failures[between(0, failures.length - 1)]
      return Effect.andThen(
        ledgerCheck.check,
        Effect.delay(error === undefined ? Effect.void : Effect.fail(error), between(0, 3_000))
      )
    })
    const { accounting, budget, kimi } = yield* connect(
      {
        chat: () => Effect.map(work, () => answer(between(0, 10))),
        stream: () =>
          Stream.unwrap(Effect.map(work, () => Stream.fromIterable(events(between(0, 10))))).pipe(
            Stream.tap(() => Effect.sleep(between(0, 100)))
          )
      },
      {
        budget: {
          maxWait: "500 millis",
          caps: [
            { amount: "2500", currency: "USD" },
            { per: ["tenant"], amount: "750", currency: "USD" }
          ]
        },
        config: { retryJitter: "full", retryAmbiguous: 100 },
        hedge: { delay: "2 seconds", responseDelay: "2 seconds", budget: { ratio: 1, capacity: 1_000 } }
      }
    )
    ledgerCheck.check = Effect.map(Effect.orDie(budget.state), (state) => {
      ledgerCheck.checks += 1
      for (const { cap, reserved, scope, spent } of state) {
        const held = BigDecimal.sum(spent, reserved)
        assert.isTrue(BigDecimal.isLessThanOrEqualTo(held, cap), `${scope}: ${BigDecimal.format(held)}`)
      }
    })
    const one = Effect.suspend(() => {
      const request = upTo(between(10, 25))
      const isWhole = chance.nextDoubleUnsafe() < 0.5
      const run = isWhole
        ? Effect.asVoid(kimi.chat(request))
        : Stream.runDrain(Stream.take(kimi.stream(request), between(0, 6)))
      return CallOptions.provide({ tenant: `${between(1, 4)}` })(run)
    })
    const fibers = yield* Effect.forEach(Array.from({ length: 200 }), () => Effect.forkChild(one))
    const ends: Ends = { done: 0, refused: 0, waited: 0, failed: 0, interrupted: 0 }
    while (fibers.some((fiber) => fiber.pollUnsafe() === undefined)) {
      yield* TestClock.adjust(between(1, 200))
      const left = fibers[between(0, fibers.length - 1)]
      if (left !== undefined) yield* Fiber.interrupt(left)
    }
    for (const fiber of fibers) {
      const exit = yield* Fiber.await(fiber)
      if (Exit.isSuccess(exit)) ends.done += 1
      else if (Exit.hasInterrupts(exit)) ends.interrupted += 1
      else {
        const error = Option.getOrUndefined(Exit.findErrorOption(exit))
        ends[error?._tag === "BudgetExceededError" ? "refused" : "failed"] += 1
        if (error?.message.includes("after a wait of 500ms") === true) ends.waited += 1
      }
    }
    yield* ledgerCheck.check
    const state = yield* Effect.orDie(budget.state)
    return { accounting, checks: ledgerCheck.checks, ends, state }
  }).pipe(Random.withSeed("money"))

  it.effect("never exceed a cap", () =>
    Effect.gen(function* () {
      const { checks, ends } = yield* outcome
      // Every kind of outcome has occurred.
      assert.isAbove(ends.done, 50)
      assert.isAbove(ends.refused, 20)
      assert.isAbove(ends.waited, 10)
      assert.isAbove(ends.interrupted, 20)
      assert.isAbove(checks, 150)
    })
  )

  it.effect("leave no reservation", () =>
    Effect.gen(function* () {
      const { state } = yield* outcome
      assert.isTrue(state.every(({ reserved }) => BigDecimal.isZero(reserved)))
    })
  )

  it.effect("spend the costs of all recorded attempts", () =>
    Effect.gen(function* () {
      const { accounting, state } = yield* outcome
      const { costs } = Accounting.total(yield* accounting.entries)
      const format = Option.match({ onNone: () => "none", onSome: BigDecimal.format })
      const spent = Option.fromUndefinedOr(state.find(({ scope }) => scope === "total")?.spent)
      const entered = Option.map(Option.fromUndefinedOr(costs.get("USD")), BigDecimal.normalize)
      assert.strictEqual(format(spent), format(entered))
    })
  )
})
