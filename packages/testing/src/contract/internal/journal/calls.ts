/** Calls, and what is recorded of them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { equal, failureOf } from "../expect.ts"
import { call, claimOne, during, interrupted, join, never, type Subject } from "./Subject.ts"

/** What programs and models may write. */
const text = "\0 \\0 ' \" $1 {,} \n é 世 \u{1F680} \\"

export const register = ({ test }: Subject): void => {
  test("returns a recorded result without making the call", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "replay", (lease) => lease.call(call("k"), Effect.succeed(1)))
      equal(yield* during(journal, "replay", (lease) => lease.call(call("k"), never)), 1)
    }))

  test("records that a call begins before it is made", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "intent", (lease) => interrupted(lease, "k"))
      const again = during(journal, "intent", (lease) => lease.call(call("k"), never))
      equal((yield* failureOf(again, "the result is not known"))._tag, "UncertainToolResultError")
    }))

  test("makes an idempotent call again that has no result", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "again", (lease) => interrupted(lease, "k"))
      const again = { ...call("k"), isIdempotent: true }
      equal(yield* during(journal, "again", (lease) => lease.call(again, Effect.succeed(2))), 2)
    }))

  test("refuses another request under a recorded key", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "changed", (lease) => lease.call(call("k"), Effect.succeed(1)))
      const other = during(journal, "changed", (lease) => lease.call({ ...call("k"), digest: "other" }, never))
      equal((yield* failureOf(other, "the request has changed"))._tag, "JournalMismatchError")
    }))

  test("keeps the result with which an uncertain call was resolved", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "resolved", (lease) => interrupted(lease, "k"))
      yield* during(journal, "resolved", (lease) => lease.resolve(call("k"), { _tag: "Result", result: 5 }))
      equal(yield* during(journal, "resolved", (lease) => lease.call(call("k"), never)), 5)
    }))

  test("keeps the permission to make an uncertain call again", (journal) =>
    Effect.gen(function* () {
      yield* during(journal, "permitted", (lease) => interrupted(lease, "k"))
      yield* during(journal, "permitted", (lease) => lease.resolve(call("k"), { _tag: "RunAgain" }))
      equal(yield* during(journal, "permitted", (lease) => lease.call(call("k"), Effect.succeed(6))), 6)
    }))

  test("keeps any text", (journal) =>
    Effect.gen(function* () {
      const options = { key: text, digest: text, codec: Schema.String }
      const use = (effect: Effect.Effect<string>) =>
        Effect.scoped(
          Effect.flatMap(Effect.flatMap(join(journal, `text ${text}`, text), claimOne), (lease) =>
            Effect.map(lease.call(options, effect), (result) => [lease.resource, result])
          )
        )
      yield* use(Effect.succeed(text))
      equal(yield* use(Effect.die(new Error("the call was made"))), [text, text])
    }))

  test("records all of many concurrent calls", (journal) =>
    Effect.gen(function* () {
      const names = Array.from({ length: 20 }, (_, index) => `agent ${index}`)
      const keys = Array.from({ length: 10 }, (_, index) => `${index}`)
      const all = (effect: Effect.Effect<number>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const leases = yield* (yield* join(journal, "many", ...names)).claim({ limit: 20 })
            const made = leases.flatMap((lease) => keys.map((key) => lease.call(call(key), effect)))
            return yield* Effect.all(made, { concurrency: "unbounded" })
          })
        )
      yield* all(Effect.succeed(1))
      equal((yield* all(never)).length, 200)
    }))
}
