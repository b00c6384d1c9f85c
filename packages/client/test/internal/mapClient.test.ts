import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Stream } from "effect"
import { MockProvider, Script } from "@kimi-effect/testing"
import { mapClient, type Member } from "../../src/internal/mapClient.ts"
import { KimiClient } from "../../src/KimiClient.ts"
import { eventsOf, responseOf } from "../support/responses.ts"

const request = { messages: [{ role: "user" as const, content: "Hi" }] }
const balance = { available_balance: 100, voucher_balance: 0, cash_balance: 100 }

const clientOf = Effect.map(
  Layer.build(
    MockProvider.layerClient({
      script: [responseOf(), Script.events(eventsOf())],
      models: [{ id: "kimi-k3" }],
      tokenEstimate: 7,
      balance
    })
  ),
  Context.get(KimiClient)
)

describe("mapClient", () => {
  it.effect("makes every member with the mapping", () =>
    Effect.gen(function* () {
      const client = yield* clientOf
      const mapped: Array<Member> = []
      const record = (member: Member) => Effect.sync(() => void mapped.push(member))
      const wrapped = mapClient({
        effect: (call, member) => Effect.tap(call(client), record(member)),
        stream: (call, member) => Stream.concat(call(client), Stream.drain(Stream.fromEffect(record(member)))),
        text: (call, member) => {
          mapped.push(member)
          return call(client)
        }
      })
      const results = [
        (yield* wrapped.chat(request)).text,
        (yield* Stream.runCollect(wrapped.stream(request))).length,
        yield* wrapped.models,
        yield* wrapped.estimateTokens(request),
        yield* wrapped.balance,
        (yield* wrapped.health).status,
        (yield* wrapped.metrics).at,
        wrapped.describe() === client.describe()
      ]
      assert.deepStrictEqual(results, ["hello", 3, [{ id: "kimi-k3" }], 7, balance, "healthy", 0, true])
      assert.deepStrictEqual(mapped.toSorted(), Object.keys(client).toSorted())
    })
  )
})
