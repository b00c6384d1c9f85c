/** Budgets with a Node client over real HTTP, and a store that outlives the client. */
import { assert, describe, it } from "@effect/vitest"
import { Reply } from "@kimi-effect/testing"
import { MockServer } from "@kimi-effect/testing/node"
import { BigDecimal, Context, Effect, Layer, Redacted, Stream } from "effect"
import { KimiClient } from "../../src/KimiClient.ts"
import * as KimiNode from "../../src/node/KimiNode.ts"
import * as Budget from "../../src/node/Budget.ts"
import { reachable, uniquePrefix, urlOf } from "./support/redis.ts"
import { folder } from "./support/files.ts"

// 88 tokens of prompt by estimate at 3 dollars a million, and 100 of answer at 15: 1,764 millionths.
const request = { messages: [{ role: "user" as const, content: "Hello world!" }], max_completion_tokens: 100 }
// The server reports 93 and 47 tokens: 279 + 705.
const used = Reply.chatResponse({ content: "hello", usage: { prompt_tokens: 93, completion_tokens: 47 } })
const caps: ReadonlyArray<Budget.Cap> = [{ amount: "0.003", currency: "USD" }]

/** Runs a program with a separate client, as a process would. */
const withClient = <A, E, E2>(
  server: MockServer.MockServer["Service"],
  budget: Layer.Layer<Budget.Budget, E2>,
  program: (kimi: KimiClient["Service"], budget: Budget.Budget["Service"]) => Effect.Effect<A, E>
) =>
  Effect.scoped(
    Effect.flatMap(
      Layer.build(
        Layer.provideMerge(KimiNode.layer({ apiKey: Redacted.make("sk-test"), baseUrl: server.url }), budget)
      ),
      (context) => program(Context.get(context, KimiClient), Context.get(context, Budget.Budget))
    )
  )

const spent = (budget: Budget.Budget["Service"]) =>
  Effect.map(budget.state, (state) =>
    state.map(({ reserved, scope, spent }) => [scope, BigDecimal.format(spent), BigDecimal.format(reserved)])
  )

/** Two clients one after the other: what the first has spent the second cannot. */
const outlives = (layer: Layer.Layer<Budget.Budget, unknown>) =>
  Effect.gen(function* () {
    const server = yield* MockServer.make()
    yield* server.replyAlways(used)
    yield* withClient(server, layer, (kimi, budget) =>
      Effect.gen(function* () {
        yield* kimi.chat(request)
        assert.deepStrictEqual(yield* spent(budget), [["total", "0.000984", "0"]])
      })
    )
    yield* withClient(server, layer, (kimi, budget) =>
      Effect.gen(function* () {
        yield* Stream.runDrain(kimi.stream(request))
        assert.deepStrictEqual(yield* spent(budget), [["total", "0.001968", "0"]])
        // 1,968 + 1,764 is over 3,000.
        const error = yield* Effect.flip(kimi.chat(request))
        assert.strictEqual(error._tag, "BudgetExceededError")
      })
    )
    assert.strictEqual((yield* server.requests).length, 2)
  })

describe("a client for Node under a budget", () => {
  it.live("keeps its books in a file", () =>
    Effect.flatMap(folder, (path) => outlives(Budget.layerSqlite({ path: `${path}/budget.db`, caps })))
  )

  it.live.skipIf(!reachable)("keeps its books in Redis", () =>
    outlives(Budget.layerRedis({ url: urlOf(), keyPrefix: uniquePrefix(), caps }))
  )

  it.live("asks the account for its money, with its own key", () =>
    Effect.gen(function* () {
      const server = yield* MockServer.make()
      const route = "GET /v1/users/me/balance"
      const has = (dollars: number) =>
        server.replyAt(
          route,
          Reply.json({
            code: 0,
            data: { available_balance: dollars, voucher_balance: 0, cash_balance: dollars },
            scode: "0x0",
            status: true
          })
        )
      yield* has(0.001763)
      const path = yield* folder
      yield* withClient(server, Budget.layerSqlite({ path: `${path}/budget.db`, caps: [], balance: {} }), (kimi) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(kimi.chat(request))
          assert.strictEqual(error._tag === "BudgetExceededError" ? error.scope : error._tag, "balance")
          yield* kimi.chat({ ...request, max_completion_tokens: 99 })
        })
      )
      const requests = yield* server.requests
      assert.deepStrictEqual(
        requests.map(({ path }) => path),
        ["/v1/users/me/balance", "/v1/chat/completions"]
      )
    })
  )
})
