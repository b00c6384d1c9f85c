/** A client whose configuration a test changes, and hosts that record the configuration of each call. */
import { classes } from "@kimi-effect/core/KimiError"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import { PriceTable } from "@kimi-effect/core/PriceTable"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import type { ReloadEvent } from "@kimi-effect/core/ReloadEvent"
import type * as Settings from "@kimi-effect/core/Settings"
import { Context, Effect, Latch, Layer, Redacted, Stream } from "effect"
import { ChatTransport } from "../../src/ChatTransport.ts"
import { HostApi } from "../../src/HostApi.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import * as Provider from "../../src/Provider.ts"
import * as Reload from "../../src/Reload.ts"
import { balanceJson, hostApiOf } from "./hosts.ts"
import { eventsOf, responseOf, usageOf } from "./responses.ts"

export const ask = { messages: [{ role: "user" as const, content: "Hi" }], max_completion_tokens: 1_000_000 }

const usage = usageOf(0, 1_000_000)
const events = eventsOf({ model: "a" })

/** The JSON of each operation of a host API. */
const operationJson: Record<string, unknown> = {
  models: { data: [] },
  estimateTokens: { data: { total_tokens: 7 } },
  balance: balanceJson(1)
}

export const makeHosts = ({ isLogging = false }: { readonly isLogging?: boolean } = {}) => {
  const state = { built: 0, released: 0, running: 0, maxRunning: 0, rejectedModel: "" }
  const calls: Array<string> = []
  const prices: Array<string | undefined> = []
  /** Errors of the next calls. */
  const failures: Array<ChatError & StreamError> = []
  const latch = Latch.makeUnsafe(true)

  const called = (what: string, key: string, model = "") =>
    Effect.gen(function* () {
      calls.push([what, key, model].join(" ").trim())
      state.running += 1
      state.maxRunning = Math.max(state.maxRunning, state.running)
      if (isLogging) yield* Effect.logDebug(what)
      yield* latch.await
      const table = yield* PriceTable
      prices.push(table.model("a", "custom", "2026-11-23")?.output)
      const failure = failures.shift()
      if (failure !== undefined) return yield* Effect.fail(failure)
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          state.running -= 1
        })
      )
    )

  const layer = Layer.effectContext(
    Effect.gen(function* () {
      const config = yield* KimiConfig
      yield* Effect.acquireRelease(
        Effect.sync(() => (state.built += 1)),
        () => Effect.sync(() => (state.released += 1))
      )
      if (config.model === state.rejectedModel) {
        return yield* Effect.fail(classes.ConfigurationError.of([{ name: "model", expected: "another model" }]))
      }
      const key = config.apiKey === undefined ? "" : Redacted.value(config.apiKey)
      const provider = Provider.fromConfig(config)
      const transport = ChatTransport.of({
        provider,
        chat: ({ model }) => Effect.as(called("chat", key, model), responseOf({ model, usage })),
        stream: ({ model }) => Stream.unwrap(Effect.as(called("stream", key, model), Stream.fromIterable(events)))
      })
      const hostApi = hostApiOf(provider, ({ model, operation }) =>
        Effect.as(Effect.orDie(called(operation, key, model)), operationJson[operation])
      )
      return Context.make(ChatTransport, transport).pipe(Context.add(HostApi, hostApi))
    })
  )

  return {
    layer,
    calls,
    prices,
    failures,
    built: () => state.built,
    released: () => state.released,
    maxConcurrent: () => state.maxRunning,
    rejectModel: (model: string) => {
      state.rejectedModel = model
    },
    /** Makes later calls wait until `proceed`. */
    hold: () => latch.closeUnsafe(),
    proceed: () => latch.openUnsafe()
  }
}

/** The client, its configuration, and the reload events from now on. */
export const connect = Effect.fnUntraced(function* (
  hosts: Pick<ReturnType<typeof makeHosts>, "layer">,
  options: Settings.Options = {},
  services: Layer.Layer<never> = Layer.empty
) {
  const client = Layer.provide(Reload.layer(hosts.layer), services)
  const config = LiveConfig.layer({
    provider: "custom",
    baseUrl: "http://localhost:1/v1",
    apiKey: Redacted.make("sk-1"),
    model: "a",
    ...options
  })
  const context = yield* Layer.build(Layer.provideMerge(client, config))
  const live = Context.get(context, LiveConfig.LiveConfig)
  const reloadEvents: Array<ReloadEvent> = []
  yield* Effect.forkScoped(
    Stream.runForEach(live.events, (event) => Effect.sync(() => reloadEvents.push(event))),
    { startImmediately: true }
  )
  return { kimi: Context.get(context, KimiClient.KimiClient), live, events: reloadEvents }
})

export const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
