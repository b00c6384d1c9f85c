import { assert, describe, it } from "@effect/vitest"
import * as Budget from "@kimi-effect/core/Budget"
import * as Reply from "@kimi-effect/testing/Reply"
import { MockServer } from "@kimi-effect/testing/node"
import { BigDecimal, Context, Deferred, Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { KimiClient } from "../src/KimiClient.ts"
import * as KimiNode from "../src/node/KimiNode.ts"

const request = { messages: [{ role: "user", content: "x" }], max_completion_tokens: 1_000 } as const
const caps = [{ amount: "50", currency: "USD" }] as const

const build = (url: string, scope: Scope.Scope) =>
  Effect.map(
    Layer.buildWithScope(
      KimiNode.layer({ apiKey: Redacted.make("sk-test-0000000"), baseUrl: url, retryBaseDelay: "1 millis" }),
      scope
    ),
    (services) => Context.get(services, KimiClient)
  )

describe("a client whose scope is closed", () => {
  it.live("fails every operation with its own error before anything is sent", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const budget = yield* Budget.Budget
      const scope = yield* Scope.make()
      const kimi = yield* build(server.url, scope)
      yield* Scope.close(scope, Exit.void)
      const errors = [
        yield* Effect.flip(kimi.chat(request)),
        yield* Effect.flip(Stream.runDrain(kimi.stream(request))),
        yield* Effect.flip(kimi.models),
        yield* Effect.flip(kimi.balance),
        yield* Effect.flip(kimi.estimateTokens({ model: "kimi-k3", messages: request.messages }))
      ]
      for (const error of errors) {
        assert.strictEqual(error._tag, "ClientClosedError")
        assert.isFalse(error.isRetryable)
        assert.strictEqual(error.billing, "none")
        assert.isUndefined(error.attempts)
        assert.include(error.hint, "ManagedRuntime")
      }
      assert.deepStrictEqual(yield* server.requests, [])
      assert.deepStrictEqual(
        (yield* budget.state).map(({ spent }) => BigDecimal.format(spent)),
        []
      )
    }).pipe(Effect.scoped, Effect.provide(Budget.layer({ caps })))
  )

  it.live("reports in health that it is closed", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const scope = yield* Scope.make()
      const kimi = yield* build(server.url, scope)
      yield* Scope.close(scope, Exit.void)
      const { components, status } = yield* kimi.health
      assert.strictEqual(status, "unhealthy")
      assert.deepStrictEqual(
        components.filter(({ code }) => code === "ClientClosedError").map(({ name }) => name),
        ["host", "balance"]
      )
    }).pipe(Effect.scoped)
  )

  for (const [name, run] of [
    ["response", (kimi: KimiClient["Service"]) => Effect.asVoid(kimi.chat(request))],
    ["stream", (kimi: KimiClient["Service"]) => Stream.runDrain(kimi.stream(request))]
  ] as const) {
    it.live(`ends a ${name} in flight with its own error in place of a further attempt`, () =>
      Effect.gen(function* () {
        const server = yield* MockServer.make({ latency: "1 minute" })
        const arrived = yield* Deferred.make<void>()
        let requests = 0
        yield* server.replyAlways(() => {
          requests += 1
          Deferred.doneUnsafe(arrived, Effect.void)
          return Reply.chatResponse({ content: "late" })
        })
        const scope = yield* Scope.make()
        const kimi = yield* build(server.url, scope)
        const call = yield* Effect.forkChild(Effect.flip(run(kimi)))
        yield* Deferred.await(arrived)
        yield* Scope.close(scope, Exit.void)
        const error = yield* Fiber.join(call)
        assert.strictEqual(error._tag, "ClientClosedError")
        // The second one was not sent.
        assert.deepStrictEqual(
          error.attempts?.map(({ isPossiblyBilled, tag }) => [tag, isPossiblyBilled]),
          [
            ["ConnectionLostError", true],
            ["ClientClosedError", false]
          ]
        )
        assert.strictEqual(requests, 1)
      }).pipe(Effect.scoped)
    )
  }
})
