/**
 * A client under a budget on a scripted transport. Input is free and output
 * costs a dollar per token, so `max_completion_tokens` is the maximum cost of a
 * call in dollars.
 */
import type { ChatError, HostRequestError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Accounting from "@kimi-effect/core/Accounting"
import * as Budget from "@kimi-effect/core/Budget"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as ResponseCache from "@kimi-effect/core/ResponseCache"
import * as Admission from "@kimi-effect/core/Admission"
import * as CircuitBreaker from "@kimi-effect/core/CircuitBreaker"
import * as Hedge from "@kimi-effect/core/Hedge"
import { BigDecimal, Context, Effect, Fiber, Layer, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { ChatTransport } from "../../src/ChatTransport.ts"
import * as FallbackPlan from "../../src/FallbackPlan.ts"
import { HostApi } from "../../src/HostApi.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { providers } from "../../src/Provider.ts"
import { balanceJson, hostApiOf } from "./hosts.ts"
import { eventsOf, responseOf, usageOf } from "./responses.ts"

export const model = "dollar-a-token"

const priceAt = (provider: string) => ({
  model,
  provider,
  currency: "USD" as const,
  cacheMiss: "0",
  output: "1000000"
})

const prices = PriceTable.layer({ models: [priceAt("custom"), priceAt("together")] })

/** A request that costs at most so many dollars. */
export const upTo = (dollars: number, request: Partial<ChatRequest> = {}): ChatRequest => ({
  model,
  messages: [{ role: "user", content: "Hi" }],
  max_completion_tokens: dollars,
  ...request
})

/** A response that costs so many dollars. */
export const answer = (dollars: number): ChatResponse => responseOf({ model, usage: usageOf(10, dollars) })

/** The events of a stream that costs so many dollars. Its text is estimated as two tokens. */
export const events = (dollars: number): ReadonlyArray<StreamEvent> => eventsOf({ model, usage: usageOf(10, dollars) })

/** What the host does for each attempt. */
export interface Host {
  readonly chat?: (attempt: number) => Effect.Effect<ChatResponse, ChatError>
  readonly stream?: (attempt: number) => Stream.Stream<StreamEvent, StreamError>
  /** The available balance. By default it is never returned. */
  readonly balance?: Effect.Effect<number, HostRequestError>
}

/** A transport to a host, and its number of attempts. */
export const transportTo = ({ chat, stream }: Host, provider = providers.custom) => {
  const count = { attempts: 0 }
  const transport: ChatTransport["Service"] = {
    provider,
    chat: () => Effect.suspend(() => chat?.((count.attempts += 1)) ?? Effect.never),
    stream: () => Stream.suspend(() => stream?.((count.attempts += 1)) ?? Stream.never)
  }
  return { count, transport }
}

export interface Setting {
  readonly budget: Parameters<typeof Budget.layer>[0]
  readonly config?: KimiConfig.Options
  readonly fallback?: ReadonlyArray<FallbackPlan.Step>
  /** Defaults to no hedges. */
  readonly hedge?: Hedge.Options
  /** Consecutive failures that open a circuit. Defaults to 15. */
  readonly failuresInRow?: number
  /** Whether responses are cached. Defaults to `false`. */
  readonly isCached?: boolean
}

/** A client of the host, with the services of its stages. */
export const connect = (
  host: Host,
  { budget, config, fallback = [], failuresInRow = 15, hedge, isCached = false }: Setting
) =>
  Effect.gen(function* () {
    const { count, transport } = transportTo(host)
    const base = Layer.merge(
      Layer.merge(
        Layer.succeed(ChatTransport, transport),
        Layer.succeed(
          HostApi,
          hostApiOf(transport.provider, () => Effect.map(host.balance ?? Effect.never, balanceJson))
        )
      ),
      KimiConfig.layer({
        provider: "custom",
        baseUrl: "http://localhost/v1",
        retryJitter: "none",
        retryBaseDelay: "1 second",
        ...config
      })
    )
    const services = Layer.mergeAll(
      Layer.provide(Layer.merge(Budget.layer(budget), Accounting.layer), prices),
      CircuitBreaker.layer({ consecutiveFailures: failuresInRow }),
      Admission.layer(),
      FallbackPlan.layer(fallback),
      hedge === undefined ? Hedge.layerOff : Hedge.layer(hedge),
      isCached ? ResponseCache.layerMemory() : ResponseCache.layerOff
    )
    const layer = KimiClient.layerTransport.pipe(
      Layer.provideMerge(services),
      Layer.provide(Layer.merge(base, FetchHttpClient.layer))
    )
    const context = yield* Effect.orDie(Layer.build(layer))
    return {
      count,
      kimi: Context.get(context, KimiClient.KimiClient),
      budget: Context.get(context, Budget.Budget),
      accounting: Context.get(context, Accounting.Accounting),
      circuits: Context.get(context, CircuitBreaker.CircuitBreaker),
      limits: Context.get(context, Admission.Admission)
    }
  })

/** The state of a budget as text, such as `total 5+10/100` for spent, reserved and cap. */
export const stateOf = (budget: Budget.Budget["Service"]): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(Effect.orDie(budget.state), (state) =>
    state.map(
      ({ cap, reserved, scope, spent }) =>
        `${scope} ${BigDecimal.format(spent)}+${BigDecimal.format(reserved)}/${BigDecimal.format(cap)}`
    )
  )

/** The entries of the accounting in order, such as `succeeded 7` or `failed 3 by estimate`. */
export const entriesOf = (accounting: Accounting.Accounting["Service"]): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(accounting.entries, (entries) =>
    entries.map(({ attempts, isEstimate, outcome, usage }) => {
      const times = attempts === 1 ? "" : ` in ${attempts}`
      return `${outcome} ${usage.completion_tokens}${times}${isEstimate ? " by estimate" : ""}`
    })
  )

/** Runs an effect to its end on the test clock. */
export const settled = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })
