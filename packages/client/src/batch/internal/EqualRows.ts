/**
 * Requests equal rows once: those in flight, and those answered of late. Failed
 * ones are requested again by later rows.
 */
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Digest from "effect/crypto/Digest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/** Longer requests are kept by their digest, so that the keys take little memory. */
const maxKeyLength = 2048
/** Answers are counted by their texts, at two bytes a character. */
const maxKeptCharacters = 4 * 1024 * 1024
const maxKept = 1000

const encoder = new TextEncoder()

const lengthOf = (response: ChatResponse): number => response.text.length + response.reasoning.length

/** The answers of late, oldest first. */
class Answers {
  readonly #kept = new Map<string, ChatResponse>()
  #characters = 0

  get(key: string): ChatResponse | undefined {
    return this.#kept.get(key)
  }

  add(key: string, response: ChatResponse): void {
    const length = lengthOf(response)
    if (length > maxKeptCharacters / 8 || this.#kept.has(key)) return
    this.#kept.set(key, response)
    this.#characters += length
    for (const [oldest, answer] of this.#kept) {
      if (this.#kept.size <= maxKept && this.#characters <= maxKeptCharacters) break
      this.#kept.delete(oldest)
      this.#characters -= lengthOf(answer)
    }
  }
}

/** The response, and whether it is that of another row. */
interface Shared {
  readonly response: ChatResponse
  readonly isShared: boolean
}

export type Share = <E>(
  request: ChatRequest,
  call: Effect.Effect<ChatResponse, E>
) => Effect.Effect<Shared, { readonly error: E; readonly isShared: boolean }>

const alone: Share = (_, call) =>
  Effect.mapBoth(call, {
    onFailure: (error) => ({ error, isShared: false }),
    onSuccess: (response) => ({ response, isShared: false })
  })

const makeKey: Effect.Effect<(request: ChatRequest) => Effect.Effect<string>> = Effect.gen(function* () {
  const provided = Option.getOrUndefined(yield* Effect.serviceOption(Digest.Digest))
  const { digestHex } = provided ?? Context.get(yield* Effect.scoped(Layer.build(Digest.layerWebCrypto)), Digest.Digest)
  return (request) =>
    Effect.suspend(() => {
      const text = CanonicalJson.stringify(request)
      return text.length <= maxKeyLength ? Effect.succeed(text) : digestHex(Digest.sha256, encoder.encode(text))
    })
})

const sharing = (keyOf: (request: ChatRequest) => Effect.Effect<string>): Share => {
  const answers = new Answers()
  const inFlight = new Map<string, Deferred.Deferred<ChatResponse, unknown>>()
  return <E>(request: ChatRequest, call: Effect.Effect<ChatResponse, E>) =>
    Effect.flatMap(keyOf(request), (key) => {
      const known = answers.get(key)
      if (known !== undefined) return Effect.succeed({ response: known, isShared: true })
      const running = inFlight.get(key) as Deferred.Deferred<ChatResponse, E> | undefined
      if (running !== undefined) {
        return Effect.mapBoth(Deferred.await(running), {
          onFailure: (error) => ({ error, isShared: true }),
          onSuccess: (response) => ({ response, isShared: true })
        })
      }
      const done = Deferred.makeUnsafe<ChatResponse, E>()
      inFlight.set(key, done as Deferred.Deferred<ChatResponse, unknown>)
      return alone(
        request,
        Effect.onExit(call, (exit) => {
          inFlight.delete(key)
          if (Exit.isSuccess(exit)) answers.add(key, exit.value)
          // A row is interrupted by the deadline or the end of the stream, which also interrupt the rows that wait for it.
          return Exit.hasInterrupts(exit) ? Effect.void : Deferred.done(done, exit)
        })
      )
    })
}

/** Whether equal rows are requested once is decided by the caller: without, each row is. */
export const make = (isOn: boolean): Effect.Effect<Share> =>
  isOn ? Effect.map(makeKey, sharing) : Effect.succeed(alone as Share)
