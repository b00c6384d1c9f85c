/** Clients with all stages enabled, on scripted transports. */
import { createHash } from "node:crypto"
import { assert } from "@effect/vitest"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import type { ChatError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as RetryBudget from "@kimi-effect/core/RetryBudget"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { Digest } from "effect/crypto"
import { FetchHttpClient } from "effect/http"
import { ChatTransport } from "../../src/ChatTransport.ts"
import * as FallbackPlan from "../../src/FallbackPlan.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import type { Provider } from "../../src/Provider.ts"
import { eventsOf, responseOf, usageOf } from "./responses.ts"

/** Synchronous digests, so that no test waits for a thread. */
export const layerDigest = Layer.succeed(Digest.Digest, {
  digest: () => Effect.die(new Error("not asked")),
  digestHex: (_, data) => Effect.sync(() => createHash("sha256").update(data).digest("hex"))
})

/** A transport whose attempts run an effect, with its number of attempts. */
export const transportOf = (provider: Provider, attempt: Effect.Effect<void, ChatError>) => {
  const sent = { attempts: 0 }
  const tried = Effect.andThen(
    Effect.sync(() => void sent.attempts++),
    attempt
  )
  const response = { model: provider.defaultModel, provider: provider.id, usage: usageOf(1_000, 100) }
  const transport: ChatTransport["Service"] = {
    provider,
    chat: () => Effect.as(tried, responseOf(response)),
    stream: () => Stream.unwrap(Effect.as(tried, Stream.fromIterable(eventsOf(response))))
  }
  return { sent, transport }
}

/** Clients on one transport, one for each of the options, that share all services. */
export const clients = (
  own: ChatTransport["Service"],
  options: ReadonlyArray<KimiConfig.Options> = [{}],
  { amount = "1000", fallback = [] }: { amount?: string; fallback?: ReadonlyArray<FallbackPlan.Step> } = {}
) =>
  Effect.gen(function* () {
    const limits = { concurrency: 5, requestsPerMinute: 50, tokensPerMinute: 1_000_000, tokensPerDay: 10_000_000 }
    const services = yield* Layer.build(
      Layer.mergeAll(
        ResponseCache.layerMemory(),
        Budget.layer({ caps: [{ amount, currency: "USD" }] }),
        Accounting.layer,
        Admission.layer({ limits, maxWait: "10 minutes" }),
        CircuitBreaker.layer({ consecutiveFailures: 3 }),
        RetryBudget.layer(),
        layerDigest
      ).pipe(Layer.provide(layerDigest))
    )
    const build = (given: KimiConfig.Options) => {
      const client =
        fallback.length === 0
          ? KimiClient.layerTransport
          : Layer.provide(KimiClient.layerTransport, FallbackPlan.layer(fallback))
      const config = KimiConfig.layer({
        apiKey: Redacted.make("sk-0123456789"),
        retryJitter: "none",
        retryBaseDelay: "1 second",
        retryMaxDelay: "1 second",
        ...given
      })
      return client.pipe(
        Layer.provide(Layer.succeed(ChatTransport, own)),
        Layer.provide(config),
        Layer.provide(FetchHttpClient.layer),
        Layer.provide(Layer.succeedContext(services)),
        Layer.build,
        Effect.map((context) => Context.get(context, KimiClient.KimiClient))
      )
    }
    const kimis = yield* Effect.forEach(options, build)
    const [kimi] = kimis
    if (kimi === undefined) return assert.fail("no client")
    const accounting = Context.get(services, Accounting.Accounting)
    const admission = Context.get(services, Admission.Admission)
    const circuits = Context.get(services, CircuitBreaker.CircuitBreaker)
    const money = Context.get(services, Budget.Budget)
    const cache = Context.get(services, ResponseCache.ResponseCache)
    const retries = Context.get(services, RetryBudget.RetryBudget)
    const account = (name = "moonshot") => Effect.map(admission.states, (states) => states.get(name))
    const spent = Effect.map(money.state, ([total]) => ({
      spent: Number(total?.spent.value ?? 0n) / 10 ** (total?.spent.scale ?? 0),
      reserved: Number(total?.reserved.value ?? 0n)
    }))
    /** The state of all stages below the cache. */
    const below = Effect.all({
      admission: account(),
      circuits: circuits.states,
      money: money.state,
      retries: retries.state
    })
    return { kimi, kimis, account, below, accounting, cache, circuits, admission, money, spent }
  })
