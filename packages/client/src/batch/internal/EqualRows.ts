/**
 * Requests equal rows once: those in flight, and those answered of late. Failed
 * ones are requested again by later rows. A row that has the fingerprint of a
 * different one is requested.
 */
import * as CanonicalJson from "@kimi-effect/core/internal/CanonicalJson"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import * as Digest from "effect/crypto/Digest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Fingerprint } from "./Fingerprint.ts"

/** Longer requests are compared by their digest, so that they do not stay in memory. */
const maxKeyLength = 2048
/** Answers are counted by their texts, at two bytes a character. */
const maxKeptCharacters = 4 * 1024 * 1024
const maxKept = 1000

const encoder = new TextEncoder()

const lengthOf = (response: ChatResponse): number => response.text.length + response.reasoning.length

/** A row that was requested. */
class KnownRow {
  /** Its text or its digest, when another row has needed it. */
  key: string | undefined = undefined
  response: ChatResponse | undefined = undefined
  /** Whether its answer was that of another row since it was kept, or since it was about to be forgotten. */
  isUsed = false
  /** Made when another row waits for it. */
  done: Deferred.Deferred<ChatResponse, unknown> | undefined = undefined
  /** Undefined when only the digest is needed. */
  request: ChatRequest | undefined

  constructor(request: ChatRequest) {
    this.request = request
  }
}

/** The rows that were answered of late by their fingerprints, oldest first. */
class Answers {
  readonly #kept = new Map<number, KnownRow>()
  /** The fingerprints in their order: the first entry of a map is found after all places of deleted ones. */
  readonly #order: Array<number> = []
  #oldest = 0
  #characters = 0

  get(hash: number): KnownRow | undefined {
    const row = this.#kept.get(hash)
    if (row !== undefined) row.isUsed = true
    return row
  }

  add(hash: number, row: KnownRow, response: ChatResponse): void {
    const length = lengthOf(response)
    if (length > maxKeptCharacters / 8 || this.#kept.has(hash)) return
    row.response = response
    this.#kept.set(hash, row)
    this.#order.push(hash)
    this.#characters += length
    while (this.#kept.size > maxKept || this.#characters > maxKeptCharacters) this.#forgetOldest()
  }

  #forgetOldest(): void {
    const hash = this.#order[this.#oldest++] as number
    const answer = this.#kept.get(hash)
    if (answer?.isUsed === true) {
      // Rows that repeat through the whole input are requested once.
      answer.isUsed = false
      this.#order.push(hash)
    } else {
      this.#kept.delete(hash)
      this.#characters -= answer?.response === undefined ? 0 : lengthOf(answer.response)
    }
    if (this.#oldest < maxKept) return
    this.#order.splice(0, this.#oldest)
    this.#oldest = 0
  }
}

/** What becomes of a row: of its response or its error, and whether it is that of another row. */
interface Ended<E, A, R> {
  readonly answered: (response: ChatResponse, isShared: boolean) => Effect.Effect<A, never, R>
  readonly failed: (error: E, isShared: boolean) => Effect.Effect<A, never, R>
}

/** To be called when the row is run. One effect for a row that is like no other: pairs of a response and a flag took two more. */
export type Share = <E, A, R>(
  request: ChatRequest,
  call: Effect.Effect<ChatResponse, E>,
  ended: Ended<E, A, R>
) => Effect.Effect<A, never, R>

const ending = <E, A, R>(
  call: Effect.Effect<ChatResponse, E>,
  { answered, failed }: Ended<E, A, R>,
  isShared: boolean
): Effect.Effect<A, never, R> =>
  Effect.matchEffect(call, {
    onFailure: (error) => failed(error, isShared),
    onSuccess: (response) => answered(response, isShared)
  })

const alone: Share = (_, call, ended) => ending(call, ended, false)

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
  const inFlight = new Map<number, KnownRow>()

  const keyOfKnown = (row: KnownRow): Effect.Effect<string | undefined> =>
    row.key !== undefined || row.request === undefined
      ? Effect.succeed(row.key)
      : Effect.map(keyOf(row.request), (key) => (row.key = key))

  const keepLong = (hash: number, row: KnownRow, response: ChatResponse): Effect.Effect<void> =>
    Effect.map(keyOfKnown(row), () => {
      row.request = undefined
      answers.add(hash, row, response)
    })

  const first = <E, A, R>(
    { hash, length }: Fingerprint,
    request: ChatRequest,
    call: Effect.Effect<ChatResponse, E>,
    ended: Ended<E, A, R>
  ): Effect.Effect<A, never, R> => {
    const row = new KnownRow(request)
    inFlight.set(hash, row)
    const answered = (response: ChatResponse) => {
      inFlight.delete(hash)
      if (row.done !== undefined) Deferred.doneUnsafe(row.done, Exit.succeed(response))
      return ended.answered(response, false)
    }
    return Effect.matchCauseEffect(call, {
      onSuccess: (response) => {
        if (length > maxKeyLength) return Effect.flatMap(keepLong(hash, row, response), () => answered(response))
        answers.add(hash, row, response)
        return answered(response)
      },
      onFailure: (cause) => {
        inFlight.delete(hash)
        // A row is interrupted by the deadline or the end of the stream, which also interrupt the rows that wait for it.
        if (row.done !== undefined && !Cause.hasInterrupts(cause)) {
          Deferred.doneUnsafe(row.done, Exit.failCause(cause))
        }
        return ending(Effect.failCause(cause), ended, false)
      }
    })
  }

  const shared = <E, A, R>(row: KnownRow, ended: Ended<E, A, R>): Effect.Effect<A, never, R> =>
    row.response === undefined
      ? ending(Deferred.await(row.done as Deferred.Deferred<ChatResponse, E>), ended, true)
      : ended.answered(row.response, true)

  return <E, A, R>(request: ChatRequest, call: Effect.Effect<ChatResponse, E>, ended: Ended<E, A, R>) => {
    const fingerprint = new Fingerprint(request)
    const known = answers.get(fingerprint.hash) ?? inFlight.get(fingerprint.hash)
    if (known === undefined) return first(fingerprint, request, call, ended)
    // Now: while the keys are made, the row may end.
    if (known.response === undefined) known.done ??= Deferred.makeUnsafe()
    return Effect.flatMap(Effect.zip(keyOfKnown(known), keyOf(request)), ([key, own]) =>
      key === own ? shared(known, ended) : alone(request, call, ended)
    )
  }
}

/** Whether equal rows are requested once is decided by the caller: without, each row is. */
export const make = (isOn: boolean): Effect.Effect<Share> =>
  isOn ? Effect.map(makeKey, sharing) : Effect.succeed(alone as Share)
