/** The cache under test, and calls through it to a host that numbers its responses. */
import * as CallOptions from "@kimi-effect/core/CallOptions"
import type { Attempt, Call, StreamAttempt } from "@kimi-effect/core/Call"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { ResponseCache } from "@kimi-effect/core/ResponseCache"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

export type Service = ResponseCache["Service"]

/**
 * How the cache of a test is configured.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  /** How long a response is cached. */
  readonly timeToLive: Duration.Duration
}

type Test = (cache: Service) => Effect.Effect<void, unknown, Scope.Scope>

export interface Subject {
  /** Registers a test of an empty cache that keeps responses for an hour. */
  readonly test: (name: string, test: Test) => void
  /** Advances the clock of the cache. */
  readonly sleep: (millis: number) => Effect.Effect<void>
  /** Whether the clock of the cache is exact. */
  readonly isExact: boolean
}

export const callOf = (content: string, request: Partial<ModelRequest> = {}, provider = "moonshot"): Call => ({
  account: provider,
  provider,
  request: { model: "kimi-k3", messages: [{ role: "user", content }], ...request }
})

export const call = callOf("Hello")

type Members = Partial<ConstructorParameters<typeof ChatResponse>[0]>

export const responseOf = (text: string, members: Members = {}): ChatResponse =>
  new ChatResponse({
    id: `chatcmpl-${text}`,
    model: "kimi-k3",
    created: 1,
    provider: "moonshot",
    choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    ...members
  })

/** A host whose responses are "answer 1", "answer 2" and so on. */
export const makeHost = (respond: (number: number) => Effect.Effect<ChatResponse> = numbered) => {
  let requests = 0
  const attempt: Attempt = () =>
    Effect.suspend(() => {
      requests += 1
      return respond(requests)
    })
  return { attempt, requests: () => requests }
}

const numbered = (number: number): Effect.Effect<ChatResponse> => Effect.succeed(responseOf(`answer ${number}`))

/** Calls through the cache: the text of the response, and whether it was requested from the host. */
export const through = (cache: Service, attempt: Attempt) => {
  const chat = cache.stage().effect(attempt)
  return (asked: Call = call) =>
    Effect.map(chat(asked), ({ cached, text }) => ({ text, isCached: cached !== undefined }))
}

export const streamOf =
  (response: ChatResponse): StreamAttempt =>
  () =>
    Stream.fromIterable(StreamFold.toEvents(response))

export const asTenant = (tenant: string) => CallOptions.provide({ tenant })
