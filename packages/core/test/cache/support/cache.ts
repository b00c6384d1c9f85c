/**
 * Shared builders for the tests of the cache: calls, responses, and a host that a
 * test controls.
 */
import { createHash } from "node:crypto"
import { Deferred, Effect, Layer } from "effect"
import { Digest } from "effect/crypto"
import * as ResponseCache from "../../../src/cache/ResponseCache.ts"
import { ServerError } from "../../../src/errors/ProviderErrors.ts"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import { ChatResponse } from "../../../src/models/ChatResponse.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type { Attempt, Call } from "../../../src/pipeline/Call.ts"
import { responseOf, usageOf } from "../../support/responses.ts"

const digest = (name: string, data: Uint8Array) => createHash(name.replace("-", "").toLowerCase()).update(data)

/** Synchronous digests, so that no test waits for a thread. */
export const layerDigest: Layer.Layer<Digest.Digest> = Layer.succeed(Digest.Digest, {
  digest: ({ name }, data) => Effect.sync(() => new Uint8Array(digest(name, data).digest())),
  digestHex: ({ name }, data) => Effect.sync(() => digest(name, data).digest("hex"))
})

export const makeMemory = (options: ResponseCache.Options = {}) =>
  Effect.provide(ResponseCache.makeMemory(options), layerDigest)

export const callOf = (content: string, request: Partial<ModelRequest> = {}, provider = "moonshot"): Call => ({
  account: provider,
  provider,
  request: { model: "kimi-k3", messages: [{ role: "user", content }], ...request }
})

export const call = callOf("Hi")

export const response = (text: string, members: Partial<ConstructorParameters<typeof ChatResponse>[0]> = {}) =>
  responseOf(text, {
    id: `chatcmpl-${text}`,
    created: 1_790_000_000,
    usage: usageOf({ prompt_tokens: 10, completion_tokens: 5 }),
    provider: "moonshot",
    ...members
  })

/** The same response without its cache status. */
export const plainOf = (response: ChatResponse) => {
  const { cached: _, ...members } = response
  return members
}

/** A host that numbers its responses, and that a test can delay. */
export const host = () => {
  const calls: Array<Call> = []
  let running = 0
  let interrupted = 0
  let gate: Deferred.Deferred<void> | undefined
  let make: (number: number, call: Call) => ChatResponse = (number) => response(`answer ${number}`)
  const attempt: Attempt = (asked) =>
    Effect.suspend(() => {
      calls.push(asked)
      const number = calls.length
      running += 1
      return (gate === undefined ? Effect.void : Deferred.await(gate)).pipe(
        Effect.map(() => make(number, asked)),
        Effect.onInterrupt(() => Effect.sync(() => void (interrupted += 1))),
        Effect.ensuring(Effect.sync(() => void (running -= 1)))
      )
    })
  return {
    attempt,
    calls,
    asked: () => calls.length,
    running: () => running,
    interrupted: () => interrupted,
    answer: (how: typeof make) => {
      make = how
    },
    hold: () => {
      gate = Deferred.makeUnsafe<void>()
      return Deferred.succeed(gate, undefined)
    }
  }
}

export const start: StreamEvent = { _tag: "Start", id: "s", model: "kimi-k3", created: 1, provider: "moonshot" }
export const text = (text: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text })
export const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

/** The stage of a cache in memory over this host. */
export const makeStage = (options: ResponseCache.Options = {}) =>
  Effect.map(makeMemory(options), (cache) => {
    const upstream = host()
    return { cache, upstream, chat: cache.stage().effect(upstream.attempt) }
  })

export const failure = new ServerError({ message: "broken" })
