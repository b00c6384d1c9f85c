import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit } from "effect"
import { fromTokens } from "../../../src/models/Usage.ts"
import * as Accounting from "../../../src/money/Accounting.ts"
import * as Cost from "../../../src/money/Cost.ts"
import { RecordedAttempts } from "../../../src/money/internal/RecordedAttempts.ts"
import * as UsageRecording from "../../../src/money/internal/UsageRecording.ts"

const attempt: Accounting.AttemptUsage = {
  account: "default",
  provider: "moonshot",
  model: "kimi-k3",
  outcome: "succeeded",
  usage: Cost.billableUsage(fromTokens(10, 5), [], {}),
  isEstimate: false
}

const contextOf = (recorders: ReadonlyArray<Accounting.Accounting["Service"]>) =>
  Context.make(UsageRecording.AdditionalRecorders, recorders) as Context.Context<never>

/** An accounting of a user, whose records are effects. */
const custom = () => {
  const records: Array<Accounting.AttemptUsage> = []
  const accounting: Accounting.Accounting["Service"] = {
    record: (one) => Effect.sync(() => void records.push(one)),
    entries: Effect.succeed([])
  }
  return { accounting, records }
}

describe("record", () => {
  it.effect("records at once for the attempts of a row too", () =>
    Effect.gen(function* () {
      const own = yield* Accounting.make
      const attempts = new RecordedAttempts()
      const rest = UsageRecording.record(own, attempt, contextOf([attempts]))
      assert.isUndefined(rest)
      assert.deepStrictEqual(attempts.all, [attempt])
      assert.strictEqual((yield* own.entries).length, 1)
    })
  )

  it.effect("returns the effects of those that need one", () =>
    Effect.gen(function* () {
      const attempts = new RecordedAttempts()
      const [own, added] = [custom(), custom()]
      const rest = UsageRecording.record(own.accounting, attempt, contextOf([attempts, added.accounting]))
      assert.deepStrictEqual([own.records, attempts.all, added.records], [[], [attempt], []])
      yield* rest ?? Effect.die("no effect")
      assert.deepStrictEqual([own.records, attempts.all, added.records], [[attempt], [attempt], [attempt]])
    })
  )

  it.effect("records in the others before one whose record throws", () =>
    Effect.gen(function* () {
      const own = custom()
      const throwing: Accounting.Accounting["Service"] = {
        record: () => {
          throw new Error("broken")
        },
        entries: Effect.succeed([])
      }
      const rest = UsageRecording.record(own.accounting, attempt, contextOf([throwing]))
      const exit = yield* Effect.exit(rest ?? Effect.die("no effect"))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual(own.records, [attempt])
    })
  )

  it.effect("takes an accounting of JavaScript whose record returns nothing", () =>
    Effect.gen(function* () {
      const records: Array<Accounting.AttemptUsage> = []
      const accounting = {
        record: (one: Accounting.AttemptUsage) => void records.push(one),
        entries: Effect.succeed([])
      } as unknown as Accounting.Accounting["Service"]
      yield* UsageRecording.record(accounting, attempt, contextOf([])) ?? Effect.die("no effect")
      assert.deepStrictEqual(records, [attempt])
    })
  )

  it.effect("runs the effect of an accounting that has other methods", () =>
    Effect.gen(function* () {
      const own = custom()
      const calls: Array<string> = []
      const accounting = {
        ...own.accounting,
        add: () => calls.push("add"),
        recordNow: () => calls.push("recordNow"),
        countUnbilled: () => calls.push("countUnbilled")
      }
      yield* UsageRecording.record(accounting, attempt, contextOf([])) ?? Effect.die("no effect")
      UsageRecording.countUnbilled(contextOf([accounting]))
      assert.deepStrictEqual([own.records, calls], [[attempt], []])
    })
  )
})
