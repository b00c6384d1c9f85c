import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, Context, Duration, Effect, Exit, Fiber, Layer, Option, Random, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CallOptions from "../../src/CallOptions.ts"
import { ConnectionLostError, ConnectionRefusedError } from "../../src/errors/NetworkErrors.ts"
import * as Accounting from "../../src/money/Accounting.ts"
import * as Budget from "../../src/money/Budget.ts"
import * as BudgetStore from "../../src/money/BudgetStore.ts"
import type { StreamError } from "../../src/errors/OperationErrors.ts"
import type { StreamEvent } from "../../src/models/StreamEvent.ts"
import type { Call } from "../../src/pipeline/Call.ts"
import * as AccountingStage from "../../src/money/AccountingStage.ts"
import * as Pipeline from "../../src/pipeline/Pipeline.ts"
import * as Stage from "../../src/pipeline/Stage.ts"
import * as Retry from "../../src/resilience/Retry.ts"
import * as RetryBudget from "../../src/resilience/RetryBudget.ts"
import { transformOpening } from "../../src/pipeline/internal/StreamOpening.ts"
import { between, type Chance, happens, oneOf } from "../resilience/support/chance.ts"
import { answer, callFor, events, prices } from "./support/budget.ts"
import { runs, seedOf, timeLimit } from "../../../../test/support/depth.ts"

const caps: ReadonlyArray<Budget.Cap> = [
  { amount: "300", currency: "USD" },
  { per: ["day"], amount: "200", currency: "USD" },
  { per: ["tenant"], amount: "120", currency: "USD" },
  { per: ["tenant", "job"], amount: "80", currency: "USD" }
]

/** Counts over all traces, which show that they cover enough. */
const seen = { answered: 0, refused: 0, interrupted: 0, attempts: 0 }

const zero = BigDecimal.fromBigInt(0n)

/**
 * Calls that start, are hedged, fail, are retried and interrupted at any time, with a random host. The store is one that
 * replies at once, or a copy of it, which is waited for.
 */
const trace = (chance: Chance, isImmediate: boolean) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(Date.UTC(2026, 10, 23, 23, 59, 50))
    const memory = yield* BudgetStore.makeMemory()
    const store = Layer.succeed(BudgetStore.BudgetStore, isImmediate ? memory : { ...memory })
    const services = yield* Layer.build(
      Layer.merge(Layer.provide(Budget.layerStore({ caps }), store), Accounting.layer).pipe(Layer.provide(prices))
    )
    const budget = Context.get(services, Budget.Budget)
    const accounting = Context.get(services, Accounting.Accounting)
    const retryBudget = yield* RetryBudget.make()

    const check = Effect.flatMap(Effect.orDie(budget.state), (state) =>
      Effect.sync(() => {
        for (const { cap, reserved, scope, spent } of state) {
          const isWithin = BigDecimal.isLessThanOrEqualTo(BigDecimal.sum(spent, reserved), cap)
          if (!isWithin) assert.fail(`${scope} passed its cap`)
        }
      })
    )

    /** Waits a while, and then succeeds with less than was allowed, or fails. */
    const host = Effect.gen(function* () {
      seen.attempts += 1
      const millis = between(chance, 0, 60)
      const kind = chance.nextDoubleUnsafe()
      yield* check
      yield* Effect.sleep(millis)
      yield* check
      if (kind < 0.2) return yield* Effect.fail(new ConnectionRefusedError({ message: "refused" }))
      if (kind < 0.35) return yield* Effect.fail(new ConnectionLostError({ message: "lost" }))
      if (kind < 0.4) return yield* Effect.die("defect")
      return undefined
    })

    const late = between(chance, 1, 60)
    /** Like a hedge, but either attempt may run alone, and both may succeed. */
    const double = <A, E>(attempt: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      happens(chance, 0.4) ? Effect.raceFirst(attempt, Effect.delay(attempt, Duration.millis(late))) : attempt

    const stages: Pipeline.Stages = [
      budget.stage(),
      Stage.make("hedge", {
        effect: (inner) => (call) => double(inner(call)),
        stream: (inner) => (call) => transformOpening<StreamError, StreamError>(double)(inner(call))
      }),
      Retry.stage(
        {
          maxAttempts: 3,
          baseDelay: Duration.millis(5),
          maxDelay: Duration.millis(20),
          jitter: "none",
          maxElapsed: Duration.seconds(2),
          ambiguous: 100
        },
        retryBudget
      ),
      AccountingStage.stage(accounting)
    ]
    const dollars = ({ request }: Call) => between(chance, 0, request.max_completion_tokens ?? 0)
    const slowly = (of: Stream.Stream<StreamEvent>) =>
      Stream.mapEffect(of, (event) => Effect.as(Effect.sleep(between(chance, 0, 20)), event))
    const ask = Pipeline.effect(stages, (call) => Effect.as(host, answer(dollars(call))))
    const read = Pipeline.stream(stages, (call) => Stream.unwrap(Effect.as(host, slowly(events(dollars(call))))))

    const one = Effect.gen(function* () {
      const call = callFor(between(chance, 1, 60))
      const leaveAfter = between(chance, 0, 5)
      const run = happens(chance, 0.5)
        ? Effect.asVoid(ask(call))
        : Stream.runDrain(happens(chance, 0.3) ? Stream.take(read(call), leaveAfter) : read(call))
      const exit = yield* Effect.exit(
        CallOptions.provide({ tenant: oneOf(chance, "a", "b"), job: oneOf(chance, "", "x") })(run)
      )
      if (Exit.isSuccess(exit)) seen.answered += 1
      else if (Option.exists(Exit.findErrorOption(exit), (error) => error._tag === "BudgetExceededError")) {
        seen.refused += 1
      }
    })

    const fibers: Array<Fiber.Fiber<void>> = []
    for (let i = between(chance, 3, 10); i > 0; i -= 1) {
      fibers.push(yield* Effect.forkChild(one))
      if (happens(chance, 0.5)) yield* TestClock.adjust(between(chance, 0, 40))
      if (happens(chance, 0.3)) {
        const left = fibers[between(chance, 0, fibers.length - 1)]
        if (left === undefined || left.pollUnsafe() !== undefined) continue
        seen.interrupted += 1
        yield* Fiber.interrupt(left)
      }
    }
    yield* TestClock.adjust("30 seconds")
    for (const fiber of fibers) yield* Fiber.await(fiber)

    yield* check
    const state = yield* Effect.orDie(budget.state)
    for (const { reserved, scope } of state) {
      if (!BigDecimal.isZero(reserved)) assert.fail(`${BigDecimal.format(reserved)} stays reserved in ${scope}`)
    }
    // The budget paid what accounting has recorded, attempt by attempt.
    const spentInTotal = state.find(({ scope }) => scope === "total")?.spent ?? zero
    const entered = Accounting.total(yield* accounting.entries).costs.get("USD") ?? zero
    assert.strictEqual(BigDecimal.format(spentInTotal), BigDecimal.format(BigDecimal.normalize(entered)))
  })

const traces = runs({ sample: 100, deep: 5_000 })

describe("Budget in a pipeline", () => {
  it.effect(
    "keeps every cap without leftover reservations, whenever calls are interrupted",
    () =>
      Effect.gen(function* () {
        const chance = yield* Random.Random
        for (let i = 0; i < traces; i += 1) yield* Effect.scoped(trace(chance, i % 2 === 0))
        assert.isAbove(seen.answered, traces)
        assert.isAbove(seen.refused, traces / 4)
        assert.isAbove(seen.interrupted, traces)
        assert.isAbove(seen.attempts, traces * 4)
      }).pipe(Random.withSeed(seedOf("budget"))),
    timeLimit(120_000)
  )
})
