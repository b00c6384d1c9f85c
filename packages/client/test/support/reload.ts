/**
 * A client on a configuration that a test changes, and hosts that write down
 * with which configuration they were called.
 */
import { classes } from "@kimi-effect/core/KimiError"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { KimiConfig } from "@kimi-effect/core/KimiConfig"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { PriceTable } from "@kimi-effect/core/PriceTable"
import * as LiveConfig from "@kimi-effect/core/LiveConfig"
import type { ReloadEvent } from "@kimi-effect/core/ReloadEvent"
import type * as Settings from "@kimi-effect/core/Settings"
import { Context, Effect, Latch, Layer, Redacted, Stream } from "effect"
import { ChatTransport } from "../../src/ChatTransport.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import * as Provider from "../../src/Provider.ts"
import * as Reload from "../../src/Reload.ts"

export const ask = { messages: [{ role: "user" as const, content: "Hi" }], max_completion_tokens: 1_000_000 }

const usage = {
  prompt_tokens: 0,
  completion_tokens: 1_000_000,
  total_tokens: 1_000_000,
  cached_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0
}

const events: ReadonlyArray<StreamEvent> = [
  { _tag: "Start", id: "chatcmpl-1", model: "a", created: 1 },
  { _tag: "TextDelta", choice: 0, text: "hello" },
  { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
]

export const makeHosts = ({ isLogging = false }: { readonly isLogging?: boolean } = {}) => {
  const state = { built: 0, released: 0, running: 0, most: 0, refused: "" }
  const seen: Array<string> = []
  const prices: Array<string | undefined> = []
  /** What the next calls fail with. */
  const failures: Array<ChatError & StreamError> = []
  const latch = Latch.makeUnsafe(true)

  const called = (what: string, key: string, model = "") =>
    Effect.gen(function* () {
      seen.push([what, key, model].join(" ").trim())
      state.running += 1
      state.most = Math.max(state.most, state.running)
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

  const layer = Layer.effect(
    ChatTransport,
    Effect.gen(function* () {
      const config = yield* KimiConfig
      yield* Effect.acquireRelease(
        Effect.sync(() => (state.built += 1)),
        () => Effect.sync(() => (state.released += 1))
      )
      if (config.model === state.refused) {
        return yield* Effect.fail(classes.ConfigurationError.of([{ name: "model", expected: "another model" }]))
      }
      const key = config.apiKey === undefined ? "" : Redacted.value(config.apiKey)
      return ChatTransport.of({
        provider: Provider.fromConfig(config),
        chat: ({ model }) =>
          Effect.as(
            called("chat", key, model),
            new ChatResponse({
              id: "chatcmpl-1",
              model,
              created: 1,
              choices: [{ index: 0, message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
              usage
            })
          ),
        stream: ({ model }) => Stream.unwrap(Effect.as(called("stream", key, model), Stream.fromIterable(events))),
        models: Effect.as(Effect.orDie(called("models", key)), []),
        estimateTokens: (model) => Effect.as(Effect.orDie(called("estimateTokens", key, model)), 7),
        balance: Effect.as(Effect.orDie(called("balance", key)), {
          available_balance: 1,
          voucher_balance: 0,
          cash_balance: 1
        })
      })
    })
  )

  return {
    layer,
    seen,
    prices,
    failures,
    built: () => state.built,
    released: () => state.released,
    mostAtOnce: () => state.most,
    refuseModel: (model: string) => {
      state.refused = model
    },
    /** Calls that begin from now on wait until they may go on. */
    hold: () => latch.closeUnsafe(),
    proceed: () => latch.openUnsafe()
  }
}

/** The client, its configuration, and the events from now on. */
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
  const heard: Array<ReloadEvent> = []
  yield* Effect.forkScoped(
    Stream.runForEach(live.events, (event) => Effect.sync(() => heard.push(event))),
    { startImmediately: true }
  )
  return { kimi: Context.get(context, KimiClient.KimiClient), live, heard }
})

export const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
