/**
 * A process that makes calls under a shared budget until the budget refuses
 * several in a row, or the process is killed.
 */
import * as PriceTable from "@kimi-effect/core/PriceTable"
import type { Call } from "@kimi-effect/core/Call"
import * as AccountingStage from "@kimi-effect/core/AccountingStage"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { Context, Duration, Effect, Layer, Random } from "effect"
import * as Budget from "../../../../src/node/Budget.ts"
import { responseOf, usageOf } from "../../../support/responses.ts"
import type { FromWorker, Settings } from "./messages.ts"

const { callers, cap, leaseMillis, store } = JSON.parse(process.argv[2] ?? "") as Settings

const sendToHost = (message: FromWorker) =>
  Effect.callback<void>((resume) => void process.send?.(message, () => resume(Effect.void)))

const options: Budget.Options = {
  caps: [
    { amount: cap, currency: "USD" },
    { per: ["day"], amount: cap, currency: "USD" }
  ],
  lease: Duration.millis(leaseMillis),
  // A busy machine is no outage.
  timeout: "20 seconds"
}

const budgetLayer: Layer.Layer<Budget.Budget, unknown> =
  store.type === "sqlite"
    ? Budget.layerSqlite({ path: store.path, ...options })
    : Budget.layerRedis({ url: `redis://127.0.0.1:${store.port}`, keyPrefix: store.prefix, ...options })

const model = "dollar-a-token"
const prices = PriceTable.layer({
  models: [{ model, provider: "host", currency: "USD", cacheMiss: "0", output: "1000000" }]
})

const callFor = (max: number): Call => ({
  account: "account",
  provider: "host",
  request: { model, messages: [{ role: "user", content: "Hi" }], max_completion_tokens: max }
})

const content = "hello"

const answer = (used: number) => responseOf({ model, content, usage: usageOf(10, used) })

/** The charge in dollars. Where no generated tokens are reported, the text counts, up to what was reserved. */
const chargeOf = (used: number, max: number): number => used || Math.min(TokenCount.ofText(content), max)

/** A call after this many refusals in a row would be refused too. */
const maxRefusals = 20

const program = Effect.gen(function* () {
  const services = yield* Layer.build(Layer.provide(budgetLayer, prices))
  const budget = Context.get(services, Budget.Budget)
  const ask = budget.stage().effect(
    AccountingStage.withAccounting(undefined)(({ request }) =>
      Effect.gen(function* () {
        const max = request.max_completion_tokens ?? 0
        const used = yield* Random.nextIntBetween(0, max)
        yield* sendToHost({ type: "served", used: chargeOf(used, max) })
        yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 6)))
        return answer(used)
      })
    )
  )
  const caller = Effect.gen(function* () {
    let refused = 0
    while (refused < maxRefusals) {
      const max = yield* Random.nextIntBetween(1, 10)
      refused = yield* Effect.matchEffect(ask(callFor(max)), {
        onSuccess: () => Effect.succeed(0),
        onFailure: (error) => Effect.as(sendToHost({ type: "refused", tag: error._tag }), refused + 1)
      })
      yield* Effect.sleep(1)
    }
  })
  yield* sendToHost({ type: "ready" })
  yield* Effect.all(
    Array.from({ length: callers }, () => caller),
    { concurrency: callers, discard: true }
  )
})

await Effect.runPromise(Effect.scoped(program))
await Effect.runPromise(sendToHost({ type: "done" }))
process.disconnect?.()
