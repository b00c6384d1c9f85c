import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { ConnectionLostError } from "../../../src/errors/NetworkErrors.ts"
import type { ChatError } from "../../../src/errors/OperationErrors.ts"
import { ReasoningBudgetExhaustedError, ServerError } from "../../../src/errors/ProviderErrors.ts"
import type { ChatResponse } from "../../../src/models/ChatResponse.ts"
import * as Accounting from "../../../src/money/Accounting.ts"
import { withAccounting, withStreamAccounting } from "../../../src/money/AccountingStage.ts"
import * as Cost from "../../../src/money/Cost.ts"
import { RecordedAttempts } from "../../../src/money/internal/RecordedAttempts.ts"
import type { Call } from "../../../src/pipeline/Call.ts"
import { answer, prompt, recording } from "../support/recording.ts"

const answered = Effect.succeed(answer(true))
const lost = Effect.fail(new ConnectionLostError({ message: "no" }))
const reasoned = Effect.fail(new ReasoningBudgetExhaustedError({ message: "no", completionTokens: 16 }))

const refused = Effect.fail(new ServerError({ message: "no" }))

type Run = (accounting: Accounting.Accounting["Service"]) => (call: Call) => Effect.Effect<unknown, unknown>

/** What is recorded of attempts, and what it has cost. */
const recorded = (attempts: ReadonlyArray<Effect.Effect<ChatResponse, ChatError>>) =>
  Effect.gen(function* () {
    const { call } = recording()
    const all = new RecordedAttempts()
    for (const attempt of attempts) yield* Effect.exit(withAccounting(all)(() => attempt)({ ...call, state: {} }))
    return { count: all.count, cost: Option.getOrUndefined(Option.map(yield* all.cost, Cost.format)) }
  })

/** Millionths of a dollar: 10 tokens at $3 and 80 cached ones at $0.3 a million, and 20 at $15. */
const answeredCost = 354

const dollars = (millionths: number): string => `$${millionths / 1_000_000}`

describe("recorded attempts", () => {
  it.effect("cost what all of them have cost", () =>
    Effect.gen(function* () {
      const cost = dollars(answeredCost + prompt * 3 + 16 * 15)
      assert.deepStrictEqual(yield* recorded([reasoned, answered]), { count: 2, cost })
    })
  )

  it.effect("cost what is known where the response of one was lost", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded([lost, answered]), { count: 2, cost: dollars(answeredCost) })
    })
  )

  it.effect("cost nothing that is known where all responses were lost", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* recorded([lost]), { count: 1, cost: undefined })
    })
  )

  for (const [name, run] of [
    ["whole", (accounting) => (call) => withAccounting(accounting)(() => refused)(call)],
    [
      "streamed",
      (accounting) => (call) =>
        Stream.runDrain(withStreamAccounting(accounting)(() => Stream.fromEffect(refused))(call))
    ]
  ] as ReadonlyArray<[string, Run]>) {
    it.effect(`count a ${name} one that the host does not bill`, () =>
      Effect.gen(function* () {
        const { accounting, call } = recording()
        const all = new RecordedAttempts()
        yield* Accounting.recordTo(all)(Effect.exit(run(accounting)({ ...call, state: {} })))
        assert.deepStrictEqual([all.count, all.all], [1, []])
      })
    )
  }
})
