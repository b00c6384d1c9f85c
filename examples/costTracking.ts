/** What calls cost: of one call, by tenant and job, what caches saved, and at negotiated prices. */
import { KimiClient } from "@kimi-effect/client"
import { KimiNode } from "@kimi-effect/client/node"
import { Accounting, CallOptions, Cost, PriceTable } from "@kimi-effect/core"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/** Every attempt is recorded, also one that failed or was retried, if it may have been billed. */
const client = KimiNode.layerConfig({ cache: "memory" }).pipe(Layer.provideMerge(Accounting.layer))

const ask = (content: string) =>
  KimiClient.KimiClient.use((kimi) => kimi.chat({ messages: [{ role: "user", content }], max_completion_tokens: 300 }))

const show = Option.match({ onNone: () => "unknown", onSome: Cost.format })
const format = (amounts: Accounting.AmountsByCurrency): string =>
  [...amounts].map(([currency, total]) => Cost.format({ currency, total })).join(" + ") || "nothing"

const negotiated = PriceTable.layer({
  models: [
    { model: "kimi-k3", provider: "moonshot", currency: "USD", cacheHit: "0.20", cacheMiss: "2.00", output: "10.00" }
  ]
})

const program = Effect.gen(function* () {
  const { entries } = yield* Accounting.Accounting

  const response = yield* ask("Hello world!")
  const { cached_tokens, completion_tokens, prompt_tokens } = response.usage ?? {}
  yield* Console.log(`A call with ${prompt_tokens} tokens in (${cached_tokens} cached) and ${completion_tokens} out`)
  yield* Console.log(`  at list prices:       ${show(yield* Cost.ofResponse(response))}`)
  yield* Console.log(`  at negotiated prices: ${show(yield* Effect.provide(Cost.ofResponse(response), negotiated))}`)

  yield* Effect.forEach(["Ada", "Grace", "Ada"], (name) => ask(`Greet ${name}.`)).pipe(
    CallOptions.provide({ tenant: "acme", job: "greetings" })
  )
  yield* ask("Summarize the night.").pipe(CallOptions.provide({ tenant: "globex", job: "reports" }))

  for (const tag of ["tenant", "job"] as const) {
    yield* Console.log(`\nBy ${tag}`)
    for (const [name, { attempts, cached, costs }] of Accounting.totalBy(yield* entries, tag)) {
      yield* Console.log(`  ${name || "none"}: ${format(costs)}, calls: ${attempts}, answered by the cache: ${cached}`)
    }
  }

  const { costs, savedByCache, savedByHosts } = Accounting.total(yield* entries)
  yield* Console.log(`\nIn total ${format(costs)}`)
  yield* Console.log(`  saved by the response cache: ${format(savedByCache)}`)
  yield* Console.log(`  saved by the prompt cache of the host: ${format(savedByHosts)}`)
}).pipe(
  Effect.catchTag("QuotaExceededError", ({ hint }) => Console.error(`The account is empty: ${hint}`)),
  Effect.provide(client)
)

await Effect.runPromise(program)
