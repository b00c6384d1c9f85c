/** Clients on scripted hosts, with services that they share: a cache, accounting, a budget. */
import { assert } from "@effect/vitest"
import type { ResponseCache } from "@kimi-effect/core/ResponseCache"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import type { Accounting } from "@kimi-effect/core/Accounting"
import type { Budget } from "@kimi-effect/core/Budget"
import type { Admission } from "@kimi-effect/core/Admission"
import { Context, Deferred, Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { ChatTransport } from "../../src/ChatTransport.ts"
import * as FallbackPlan from "../../src/FallbackPlan.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { type Provider, providers } from "../../src/Provider.ts"
import { finishEvent, responseOf, startEvent, textDelta, usageOf } from "./responses.ts"

export const ask = (content = "Hi") => ({ messages: [{ role: "user" as const, content }] })

const usage = usageOf(1_000, 500)

/** A host that numbers its responses and counts its calls. A test can hold it back or make it fail. */
export const scripted = (provider: Provider = providers.moonshot, model = "kimi-k3") => {
  const calls = { chats: 0, streams: 0 }
  let gate: Deferred.Deferred<void> | undefined
  let failure: (ChatError & StreamError) | undefined
  const answered = (): Effect.Effect<number, ChatError & StreamError> =>
    Effect.suspend(() => {
      const number = calls.chats + calls.streams
      const open = gate === undefined ? Effect.void : Deferred.await(gate)
      return failure === undefined ? Effect.as(open, number) : Effect.fail(failure)
    })
  const head = (number: number) => ({ id: `chatcmpl-${number}`, model, provider: provider.id })
  const answer = (number: number) => responseOf({ ...head(number), content: `answer ${number}`, usage })
  const events = (number: number): ReadonlyArray<StreamEvent> => [
    startEvent(head(number)),
    textDelta("answer "),
    textDelta(`${number}`),
    { _tag: "Usage", usage },
    finishEvent
  ]
  const transport: ChatTransport["Service"] = {
    provider,
    chat: () =>
      Effect.suspend(() => {
        calls.chats += 1
        return Effect.map(answered(), answer)
      }),
    stream: () =>
      Stream.suspend(() => {
        calls.streams += 1
        return Stream.unwrap(Effect.map(answered(), (number) => Stream.fromIterable(events(number))))
      })
  }
  return {
    transport,
    calls,
    /** Holds all responses back until the returned effect runs. */
    hold: () => {
      gate = Deferred.makeUnsafe<void>()
      return Effect.suspend(() => {
        const open = gate
        gate = undefined
        return open === undefined ? Effect.void : Effect.asVoid(Deferred.succeed(open, undefined))
      })
    },
    fail: (error: (ChatError & StreamError) | undefined) => {
      failure = error
    }
  }
}

export type Host = ReturnType<typeof scripted>

/** Services of a client. */
export type Given = ResponseCache | Accounting | Budget | Admission

export interface Setting {
  readonly options?: KimiConfig.Options
  readonly fallback?: ReadonlyArray<FallbackPlan.Step>
}

/** A client on a host, with the services of the context. */
export const clientOf = <R extends Given>(host: Host, given: Context.Context<R>, setting: Setting = {}) => {
  const { provider } = host.transport
  const config = KimiConfig.layer({
    provider: provider.id as KimiConfig.ProviderId,
    baseUrl: provider.baseUrl,
    apiKey: Redacted.make("sk-own-0123456789"),
    maxAttempts: 1,
    ...setting.options
  })
  const below = Layer.mergeAll(
    config,
    Layer.succeed(ChatTransport, host.transport),
    Layer.succeedContext(given),
    FetchHttpClient.layer
  )
  const steps = setting.fallback ?? []
  const client =
    steps.length === 0 ? KimiClient.layerTransport : Layer.provide(KimiClient.layerTransport, FallbackPlan.layer(steps))
  return Effect.map(Layer.build(Layer.provide(client, below)), Context.get(KimiClient.KimiClient))
}

export const markOf = (events: ReadonlyArray<StreamEvent>) => {
  const [first] = events
  return first?._tag === "Start" ? first.cached : assert.fail("no Start")
}
