/**
 * Budgets: the worst-case price before a call, caps per day and tenant, a call
 * that is refused before it is sent, and the cost of every tenant.
 */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { Accounting, Budget, CallOptions, Cost } from "@kimi-effect/core"
import * as BigDecimal from "effect/BigDecimal"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

// `Budget.layerSqlite({ path, … })` and `Budget.layerRedis({ url, … })` take the same
// caps, and remember what was spent when this process is gone.
const money = Layer.merge(
  Accounting.layer,
  Budget.layer({
    caps: [
      { per: ["day"], amount: "5", currency: "USD" },
      { per: ["day", "tenant"], amount: "0.01", currency: "USD" },
      // Overrides the cap of the other tenants.
      { per: ["day", "tenant"], only: { tenant: "globex" }, amount: "1", currency: "USD" }
    ],
    thresholds: [0.5, 0.9]
  })
)

const client = Layer.provideMerge(KimiNode.layerConfig({ model: "kimi-k3" }), money)

const request = {
  messages: [{ role: "user" as const, content: "Hello world!" }],
  // Without a maximum the worst case is the longest response of the model.
  max_completion_tokens: 300
}

const dollars = (amount: BigDecimal.BigDecimal): string => Cost.format({ currency: "USD", total: amount })

const program = Effect.gen(function* () {
  const kimi = yield* KimiClient.KimiClient
  const budget = yield* Budget.Budget
  const accounting = yield* Accounting.Accounting

  yield* budget.events.pipe(
    Stream.runForEach((event) =>
      event._tag === "ThresholdCrossed"
        ? Console.log(`   ${event.scope} has spent ${event.threshold * 100} % of ${dollars(event.cap)}`)
        : Console.log(`   ${event.scope} paid ${dollars(event.price)} and had reserved ${dollars(event.reserved)}`)
    ),
    Effect.forkScoped({ startImmediately: true })
  )

  const worst = yield* Cost.ofRequest({ ...request, model: "kimi-k3" }, "moonshot")
  yield* Console.log(`A call costs ${Option.match(worst, { onNone: () => "?", onSome: Cost.format })} at most\n`)

  const ask = kimi.chat(request).pipe(
    Effect.flatMap(Cost.ofResponse),
    Effect.flatMap((cost) => Console.log(`   paid ${Option.match(cost, { onNone: () => "?", onSome: Cost.format })}`)),
    Effect.catchTag("BudgetExceededError", ({ cap, requested, scope, spent }) =>
      Console.log(
        `   refused: ${dollars(requested)} more than ${dollars(spent)} is over the ${dollars(cap)} of ${scope}`
      )
    ),
    Effect.andThen(Effect.yieldNow)
  )
  for (const tenant of ["acme", "globex"]) {
    yield* Console.log(`${tenant} makes four calls`)
    yield* Effect.repeat(ask, { times: 3 }).pipe(CallOptions.provide({ tenant, job: "greetings" }))
  }

  yield* Console.log("\nCost by tenant")
  for (const [tenant, { attempts, costs }] of Accounting.totalBy(yield* accounting.entries, "tenant")) {
    for (const [currency, total] of costs) {
      yield* Console.log(`   ${tenant}: ${attempts} calls, ${Cost.format({ currency, total })}`)
    }
  }
})

await Effect.runPromise(Effect.scoped(Effect.provide(program, client)))
