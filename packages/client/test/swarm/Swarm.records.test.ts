import { assert, describe, it } from "@effect/vitest"
import { Swarm } from "@kimi-effect/client/swarm"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import { ContentFilterError } from "@kimi-effect/core/ValidationErrors"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Entry, Store } from "../../src/journal/internal/Store.ts"
import { answering, calls, makeTools, settled, stepOf, taskOf } from "./support/swarm.ts"
import { during, journaled, succeeded } from "./support/team.ts"

/** Changes the results of a key as they are read again. */
const reading =
  (key: string, change: (body: string) => string) =>
  (store: Store): Store => {
    const changed = (entry: Entry): Entry =>
      entry.key === key && entry.kind === "Result" ? { ...entry, body: change(entry.body) } : entry
    return { ...store, read: (...args) => Effect.map(store.read(...args), (entries) => entries.map(changed)) }
  }

/** The host refuses the first item, and takes its time for the second. */
const oneRefused = answering((request) =>
  taskOf(request) === "1" ? new ContentFilterError({ message: "Refused" }) : "Done"
)

const items = (count: number) => Swarm.map({ items: ["1", "2"].slice(0, count), prompt: "{{item}}" })

const damages = [
  ["of a newer version", (body: string) => body.replaceAll("ContentFilterError", "QuantumError")],
  ["that is cut off", (body: string) => body.slice(0, -9)]
] as const

describe("a recorded outcome", () => {
  it.effect.each(damages)("of an agent is an error of the journal when it has an error %s", ([, change]) =>
    Effect.gen(function* () {
      yield* during(Swarm.durable("s", items(2)), 1_500)
      const { outcome } = yield* settled(Swarm.durable("s", items(2)), "1 minute")
      const error = outcome._tag === "Failed" ? outcome.error : undefined
      assert.deepInclude(error, { _tag: "JournalStoreError", operation: "decode" })
    }).pipe(Effect.provide(journaled(oneRefused, reading("outcome", change))))
  )

  it.effect.each(damages)("of a swarm is an error of the journal when it has an error %s", ([, change]) =>
    Effect.gen(function* () {
      yield* settled(Swarm.durable("s", items(1)), "1 minute")
      const { outcome } = yield* settled(Swarm.durable("s", items(1)), "1 minute")
      const error = outcome._tag === "Failed" ? outcome.error : undefined
      assert.deepInclude(error, { _tag: "JournalStoreError", operation: "decode" })
    }).pipe(Effect.provide(journaled(oneRefused, reading("result", change))))
  )

  it.effect("is the one that the agent had", () =>
    Effect.gen(function* () {
      const first = yield* settled(Swarm.durable("s", items(2)), "1 minute")
      const again = yield* settled(Swarm.durable("s", items(2)), "1 minute")
      assert.deepStrictEqual(again.agents, first.agents)
    }).pipe(Effect.provide(journaled(oneRefused)))
  )
})

/**
 * The host refuses the first item at first, so that the second one gets the calls
 * of the swarm. In a replay the first one would be asked first.
 */
const reversed = () => {
  let isRefused = false
  return answering((request) => {
    const item = taskOf(request)
    if (item === "1" && !isRefused) {
      isRefused = true
      const retryAfter = Duration.seconds(20)
      return new RateLimitError({ message: "Too many", kind: "requests per minute", retryAfter })
    }
    const step = stepOf(request)
    if (item === "1") return step < 1 ? calls(["look", { at: "first" }]) : "Done"
    return step < 6 ? calls(["look", { at: `step ${step}` }]) : Effect.as(Effect.sleep("30 seconds"), "Done")
  })
}

describe("tool calls over the limit of a swarm in a journal", () => {
  const swarm = (toolCalls: number) =>
    Effect.map(makeTools, ({ tools }) =>
      Swarm.durable("s", Swarm.map({ items: ["1", "2"], prompt: "{{item}}", tools, limits: { toolCalls } }))
    )
  const outcomes = ({ agents }: { readonly agents: ReadonlyArray<{ readonly outcome: { readonly _tag: string } }> }) =>
    agents.map(({ outcome }) => outcome._tag)

  it.effect("are refused again in a replay", () =>
    Effect.gen(function* () {
      yield* during(yield* swarm(6), 25_000)
      const result = yield* settled(yield* swarm(6), "1 minute")
      assert.deepStrictEqual(outcomes(result), ["Stopped", "Finished"])
    }).pipe(Effect.provide(journaled(reversed())))
  )

  it.effect("are decided again when the limit is higher", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(outcomes(yield* settled(yield* swarm(6), "1 minute")), ["Stopped", "Finished"])
      const made = yield* succeeded
      assert.deepStrictEqual(outcomes(yield* settled(yield* swarm(7), "1 minute")), ["Finished", "Finished"])
      assert.strictEqual(yield* succeeded, made + 1)
    }).pipe(Effect.provide(journaled(reversed())))
  )
})
