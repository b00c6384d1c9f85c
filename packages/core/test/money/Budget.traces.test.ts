import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Random, Stream } from "effect"
import * as CallOptions from "../../src/CallOptions.ts"
import { ConnectionLostError, ConnectionRefusedError } from "../../src/errors/NetworkErrors.ts"
import type { ChatError } from "../../src/errors/OperationErrors.ts"
import type { ChatResponse } from "../../src/models/ChatResponse.ts"
import * as Budget from "../../src/money/Budget.ts"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import { between, type Chance, happens, oneOf } from "../resilience/support/chance.ts"
import { answer, callFor, events, prices, stages } from "./support/budget.ts"
import { runs, seedOf, timeLimit } from "../../../../test/support/depth.ts"

const caps: ReadonlyArray<Budget.Cap> = [
  { amount: "100", currency: "USD" },
  { per: ["tenant"], amount: "60", currency: "USD" },
  { per: ["day", "tenant"], amount: "50", currency: "USD" }
]

/** Counts over all traces, which show that they cover enough. */
const seen = { calls: 0, attempts: 0, answered: 0, refused: 0, interrupted: 0, spent: 0n }

const refused = new ConnectionRefusedError({ message: "refused" })
const lost = new ConnectionLostError({ message: "lost" })

/** An attempt that waits for the host. */
interface Waiting {
  readonly max: number
  readonly answered: Deferred.Deferred<ChatResponse, ChatError>
}

/**
 * Calls that start, succeed, fail and are interrupted, in any order, with one attempt or several at once. The store is
 * one that replies at once, or a copy of it, which is waited for.
 */
const trace = (chance: Chance, isImmediate: boolean) =>
  Effect.gen(function* () {
    const memory = yield* BudgetStore.makeMemory()
    const store = isImmediate ? memory : { ...memory }
    const budget = yield* Effect.provideService(Budget.make({ caps }), BudgetStore.BudgetStore, store)
    const waiting: Array<Waiting> = []

    // Asserting costs more than comparing, and there are millions of comparisons.
    const check = Effect.map(store.scopeBalances, (lines) => {
      for (const { cap, reserved, scope, spent } of lines) {
        if (spent + reserved > cap || reserved < 0n) assert.fail(`${scope} has ${spent} and ${reserved} of ${cap}`)
      }
      return lines
    })

    const host = (max: number) =>
      Effect.suspend(() => {
        seen.attempts += 1
        const answered = Deferred.makeUnsafe<ChatResponse, ChatError>()
        waiting.push({ max, answered })
        return Deferred.await(answered)
      })

    /** Two concurrent attempts of which the first success counts, or one after the other. */
    const several = stages(budget, (inner) => ({
      ...inner,
      effect: (attempt) => (call) => {
        const one = inner.effect(attempt)(call)
        const kind = chance.nextDoubleUnsafe()
        if (kind < 0.3) return Effect.raceFirst(one, one)
        return kind < 0.6 ? Effect.catch(one, () => one) : one
      }
    }))
    const ask = several.effect((call) => host(call.request.max_completion_tokens ?? 0))
    const read = several.stream((call) => {
      const max = call.request.max_completion_tokens ?? 0
      // The received text is two tokens by estimate.
      return Stream.unwrap(Effect.map(host(max), () => events(between(chance, 2, max))))
    })

    const begin = Effect.suspend(() => {
      seen.calls += 1
      const call = callFor(between(chance, 2, 40))
      const run = happens(chance, 0.7) ? ask(call) : Stream.runDrain(Stream.take(read(call), between(chance, 0, 5)))
      return Effect.forkChild(CallOptions.provide({ tenant: oneOf(chance, "a", "b") })(Effect.asVoid(run)))
    })

    const end = ({ answered, max }: Waiting): void => {
      const kind = chance.nextDoubleUnsafe()
      const exit =
        kind < 0.6
          ? Exit.succeed(answer(between(chance, 0, max)))
          : kind < 0.75
            ? Exit.fail(refused)
            : kind < 0.9
              ? Exit.fail(lost)
              : Exit.die("defect")
      Deferred.doneUnsafe(answered, exit)
    }

    const fibers: Array<Fiber.Fiber<void, unknown>> = []
    for (let step = between(chance, 3, 8); step > 0; step -= 1) {
      const what = chance.nextDoubleUnsafe()
      if (what < 0.5) fibers.push(yield* begin)
      else if (what < 0.75) waiting.splice(between(chance, 0, waiting.length - 1), 1).forEach(end)
      else {
        const left = fibers[between(chance, 0, fibers.length - 1)]
        if (left === undefined || left.pollUnsafe() !== undefined) continue
        seen.interrupted += 1
        // Some are interrupted before they have started.
        yield* Fiber.interrupt(left)
      }
      if (happens(chance, 0.7)) yield* Effect.yieldNow
      yield* check
    }

    for (const fiber of fibers) {
      while (fiber.pollUnsafe() === undefined) {
        waiting.splice(0).forEach(end)
        yield* Effect.yieldNow
      }
      const exit = yield* Fiber.await(fiber)
      if (Exit.isSuccess(exit)) seen.answered += 1
      else if (exit.cause.reasons.some((one) => one._tag === "Fail" && isRefusal(one.error))) seen.refused += 1
    }
    for (const { reserved, scope, spent } of yield* check) {
      if (reserved !== 0n) assert.fail(`${reserved} stays reserved in ${scope}`)
      seen.spent += spent
    }
  })

const isRefusal = (error: unknown): boolean =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "BudgetExceededError"

const traces = runs({ sample: 4_000, deep: 100_000 })

describe("Budget", () => {
  it.effect(
    "keeps every cap without leftover reservations in random traces with interrupts",
    () =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        for (let i = 0; i < traces; i += 1) yield* Effect.scoped(trace(chance, i % 2 === 0))
        // The traces cover all cases.
        assert.isAbove(seen.attempts, traces)
        assert.isAbove(seen.answered, traces / 3)
        assert.isAbove(seen.refused, traces / 20)
        assert.isAbove(seen.interrupted, traces / 3)
        assert.isTrue(seen.spent > 0n)
      }).pipe(Effect.provide(prices), Random.withSeed(seedOf("budget"))),
    timeLimit(300_000)
  )
})
