import { assert, describe, it } from "@effect/vitest"
import { Context, Effect } from "effect"
import * as Accounting from "../../../src/money/Accounting.ts"
import * as DirectAccounting from "../../../src/money/internal/DirectAccounting.ts"
import { usage } from "../support/recording.ts"

const Name = Context.Reference("test/Name", { defaultValue: () => "default" })

const attempt: Accounting.AttemptUsage = {
  account: "main",
  provider: "moonshot",
  model: "kimi-k3",
  outcome: "succeeded",
  usage,
  isEstimate: false
}

const make = () => {
  const seen: Array<string> = []
  const accounting = DirectAccounting.make(
    ({ model }, context) => void seen.push(`${model} ${Context.get(context, Name)}`),
    Effect.succeed([])
  )
  return { accounting, seen }
}

describe("DirectAccounting", () => {
  it.effect("records in the context of the fiber", () =>
    Effect.gen(function* () {
      const { accounting, seen } = make()
      yield* Effect.provideService(accounting.record(attempt), Name, "provided")
      assert.deepStrictEqual(seen, ["kimi-k3 provided"])
    })
  )

  it("records at once", () => {
    const { accounting, seen } = make()
    DirectAccounting.recordOf(accounting)?.(attempt, Context.make(Name, "given"))
    assert.deepStrictEqual(seen, ["kimi-k3 given"])
  })

  it("does not pass over the record of a copy", () => {
    const { accounting } = make()
    assert.isUndefined(DirectAccounting.recordOf({ ...accounting, record: () => Effect.void }))
  })

  it.effect("is what the accounting in memory is", () =>
    Effect.gen(function* () {
      const accounting = yield* Accounting.make
      DirectAccounting.recordOf(accounting)?.(attempt, Context.empty())
      const [entry] = yield* accounting.entries
      assert.deepInclude(entry, { attempts: 1, usage })
    })
  )

  it("does not pass over a `record` that a test has put in its place", () => {
    const { accounting } = make()
    Object.assign(accounting, { record: () => Effect.void })
    assert.isUndefined(DirectAccounting.recordOf(accounting))
  })
})
