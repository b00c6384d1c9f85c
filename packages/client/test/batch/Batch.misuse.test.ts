/** What programs without types pass. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Batch from "../../src/batch/Batch.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { ask, passing, withHost } from "../support/batch.ts"

const refused: ReadonlyArray<readonly [what: string, input: unknown, options: object, issue: string]> = [
  ["no rows", undefined, {}, "Batch input"],
  ["a number as rows", 5, {}, "Batch input"],
  ["a text as rows", "Hello!", {}, "Batch input"],
  ["a misspelt option", [ask("0")], { concurency: 2 }, "Batch concurency"],
  ["a misspelt condition to stop", [ask("0")], { stop: { costs: { USD: 1 } } }, "Batch stop.costs"],
  ["a misspelt currency", [ask("0")], { stop: { cost: { usd: 1 } } }, "Batch stop.cost.usd"],
  ["a cost without a currency", [ask("0")], { stop: { cost: 5 } }, "Batch stop.cost.options"],
  ["a misspelt order", [ask("0")], { order: "inputs" }, "Batch order"],
  ["a misspelt tag", [ask("0")], { stop: { errorTags: ["RateLimitErorr"] } }, "Batch stop.errorTags"],
  ["a tag that is no list", [ask("0")], { stop: { errorTags: "RateLimitError" } }, "Batch stop.errorTags"]
]

const throwing = (name: string, row: object): object =>
  Object.defineProperty(row, name, {
    enumerable: true,
    get: () => {
      throw new Error(`no ${name}`)
    }
  })

/** Its messages contain themselves. */
const cyclic = (): object => {
  const messages: Array<unknown> = []
  messages.push(messages)
  return { messages }
}

describe("Batch without types", () => {
  for (const [what, input, options, issue] of refused) {
    it.effect(`refuses ${what}`, () =>
      withHost(
        Effect.gen(function* () {
          const error = yield* Effect.flip(passing(Batch.run(input as never, options)))
          assert.deepStrictEqual(
            error.issues.map(({ name }) => name),
            [issue]
          )
        })
      )
    )
  }

  for (const [what, row] of [
    ["a text", "Hello!"],
    ["null", null],
    ["a number", 7],
    ["an object whose request is a text", { request: "Hello!" }],
    ["a request with a symbol", { messages: [{ role: "user", content: Symbol("Hello!") }] }],
    ["a request that throws when it is read", throwing("messages", {})],
    ["a row whose request throws when it is read", throwing("request", {})],
    ["a row whose id throws when it is read", throwing("id", { request: ask("1") })],
    ["a request that contains itself", cyclic()]
  ] as const) {
    it.effect(`fails a row that is ${what} alone`, () =>
      withHost(
        Effect.gen(function* () {
          const { responses } = yield* passing(Batch.run([row as never, ask("0")], { order: "input" }))
          assert.deepStrictEqual(
            responses.map((outcome) => (outcome._tag === "Failed" ? outcome.error._tag : outcome.value)),
            ["InvalidRequestError", "0"]
          )
        })
      )
    )
  }

  it.effect("requests each of equal rows that contain themselves", () =>
    withHost(
      Effect.gen(function* () {
        const client = yield* KimiClient.KimiClient
        const response = yield* client.chat(ask("0"))
        let calls = 0
        const chat = () =>
          Effect.sync(() => {
            calls += 1
            return response
          })
        const { progress } = yield* passing(
          Batch.run([cyclic(), cyclic()] as never).pipe(
            Effect.provideService(KimiClient.KimiClient, { ...client, chat })
          )
        )
        assert.deepInclude(progress, { done: 2, failed: 0, cached: 0 })
        assert.strictEqual(calls, 2)
      })
    )
  )
})
