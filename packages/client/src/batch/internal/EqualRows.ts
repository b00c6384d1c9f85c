/**
 * Requests equal rows once: those in flight, and those recently answered. Failed
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
import * as Result from "effect/Result"
import { Fingerprint } from "./Fingerprint.ts"

/** Longer requests are compared by their digest, so that they do not stay in memory. */
const maxKeyLength = 2048
/** Answers are counted by their texts, at two bytes a character. */
const maxKeptCharacters = 4 * 1024 * 1024
const maxKept = 1000

const encoder = new TextEncoder()

const lengthOf = (response: ChatResponse): number => response.text.length + response.reasoning.length

/** What a row that was interrupted has for those that wait for it. */
const interrupted = Symbol("interrupted")

type Shared = ChatResponse | typeof interrupted

/** A row that was requested. */
class KnownRow {
  /** Its text or its digest, when another row has needed it. */
  key: string | undefined = undefined
  response: ChatResponse | undefined = undefined
  /** The characters of its answer. */
  length = 0
  /** Whether its answer was that of another row since it was kept, or since it was about to be forgotten. */
  isUsed = false
  /** Made when another row waits for it. */
  done: Deferred.Deferred<Shared, unknown> | undefined = undefined
  /** Undefined when only the digest is needed. */
  request: ChatRequest | undefined

  constructor(request: ChatRequest) {
    this.request = request
  }
}

/** The rows in flight, and those that were recently answered. */
class KnownRows {
  /** By their fingerprints. */
  readonly #rows = new Map<number, KnownRow>()
  /** The fingerprints of the answered ones, oldest first: the first entry of a map is found after all places of deleted ones. */
  readonly #answered: Array<number> = []
  #oldest = 0
  #characters = 0

  get(hash: number): KnownRow | undefined {
    return this.#rows.get(hash)
  }

  start(hash: number, request: ChatRequest): KnownRow {
    const row = new KnownRow(request)
    this.#rows.set(hash, row)
    return row
  }

  answer(hash: number, row: KnownRow, response: ChatResponse): void {
    if (row.done !== undefined) Deferred.doneUnsafe(row.done, Exit.succeed(response))
    const length = lengthOf(response)
    if (length > maxKeptCharacters / 8) return this.forget(hash)
    row.response = response
    row.length = length
    this.#answered.push(hash)
    this.#characters += length
    while (this.#answered.length - this.#oldest > maxKept || this.#characters > maxKeptCharacters) this.#forgetOldest()
  }

  forget(hash: number): void {
    this.#rows.delete(hash)
  }

  #forgetOldest(): void {
    const hash = this.#answered[this.#oldest++] as number
    const row = this.#rows.get(hash)
    if (row?.isUsed === true) {
      // Rows that repeat through the whole input are requested once.
      row.isUsed = false
      this.#answered.push(hash)
    } else {
      this.forget(hash)
      this.#characters -= row?.length ?? 0
    }
    if (this.#oldest < maxKept) return
    this.#answered.splice(0, this.#oldest)
    this.#oldest = 0
  }
}

/** `undefined` for what cannot be read, such as a symbol, which the client refuses. */
const fingerprintOf = (request: unknown): Fingerprint | undefined => {
  try {
    return new Fingerprint(request)
  } catch {
    return undefined
  }
}

/** What becomes of a row: of its response or its error, and whether it is that of another row. */
interface Ended<E, A, R> {
  /** A further call in place of one that has failed, if there is any. */
  again(error: E): Effect.Effect<ChatResponse, E> | undefined
  answered(response: ChatResponse, isShared: boolean): Effect.Effect<A, never, R>
  failed(error: E, isShared: boolean): Effect.Effect<A, never, R>
}

/** To be called when the row is run. One effect for a row that is like no other: pairs of a response and a flag took two more. */
export type Share = <E, A, R>(
  request: ChatRequest,
  call: Effect.Effect<ChatResponse, E>,
  ended: Ended<E, A, R>
) => Effect.Effect<A, never, R>

const ending = <E, A, R>(
  call: Effect.Effect<ChatResponse, E>,
  ended: Ended<E, A, R>,
  isShared: boolean
): Effect.Effect<A, never, R> =>
  Effect.matchEffect(call, {
    onFailure: (error) => ended.failed(error, isShared),
    onSuccess: (response) => ended.answered(response, isShared)
  })

const alone: Share = (_, call, ended) =>
  Effect.matchEffect(call, {
    onFailure: (error) => {
      const again = ended.again(error)
      return again === undefined ? ended.failed(error, false) : ending(again, ended, false)
    },
    onSuccess: (response) => ended.answered(response, false)
  })

/** None of a request whose parts contain each other: the client refuses it. */
const canonicalOf = (request: ChatRequest): string | undefined => {
  try {
    return CanonicalJson.stringify(request)
  } catch {
    return undefined
  }
}

type KeyOf = (request: ChatRequest) => Effect.Effect<string | undefined>

const makeKey: Effect.Effect<KeyOf> = Effect.gen(function* () {
  const provided = Option.getOrUndefined(yield* Effect.serviceOption(Digest.Digest))
  const { digestHex } = provided ?? Context.get(yield* Effect.scoped(Layer.build(Digest.layerWebCrypto)), Digest.Digest)
  return (request) =>
    Effect.suspend(() => {
      const text = canonicalOf(request)
      return text === undefined || text.length <= maxKeyLength
        ? Effect.succeed(text)
        : digestHex(Digest.sha256, encoder.encode(text))
    })
})

const sharing = (keyOf: KeyOf, mayRequest: (() => boolean) | undefined): Share => {
  const known = new KnownRows()

  const keyOfKnown = (row: KnownRow): Effect.Effect<string | undefined> =>
    row.key !== undefined || row.request === undefined
      ? Effect.succeed(row.key)
      : Effect.map(keyOf(row.request), (key) => (row.key = key))

  const answerLong = (hash: number, row: KnownRow, response: ChatResponse): Effect.Effect<void> =>
    Effect.map(keyOfKnown(row), () => {
      row.request = undefined
      known.answer(hash, row, response)
    })

  const first = <E, A, R>(
    { hash, length }: Fingerprint,
    request: ChatRequest,
    call: Effect.Effect<ChatResponse, E>,
    ended: Ended<E, A, R>
  ): Effect.Effect<A, never, R> => {
    const row = known.start(hash, request)
    const onSuccess = (response: ChatResponse): Effect.Effect<A, never, R> => {
      if (length > maxKeyLength) {
        return Effect.flatMap(answerLong(hash, row, response), () => ended.answered(response, false))
      }
      known.answer(hash, row, response)
      return ended.answered(response, false)
    }
    const onFailure = (cause: Cause.Cause<E>): Effect.Effect<A, never, R> => {
      known.forget(hash)
      if (row.done !== undefined) Deferred.doneUnsafe(row.done, Exit.failCause(cause))
      return ending(Effect.failCause(cause), ended, false)
    }
    const requested = Effect.matchCauseEffect(call, {
      onSuccess,
      onFailure: (cause) => {
        const error = Cause.findError(cause)
        const again = Result.isSuccess(error) ? ended.again(error.success) : undefined
        return again === undefined ? onFailure(cause) : Effect.matchCauseEffect(again, { onFailure, onSuccess })
      }
    })
    return mayRequest === undefined ? requested : Effect.onInterrupt(requested, () => interrupt(hash, row))
  }

  const interrupt = (hash: number, row: KnownRow): Effect.Effect<void> =>
    Effect.sync(() => {
      // Its call may have ended before.
      if (row.response !== undefined || known.get(hash) !== row) return
      known.forget(hash)
      if (row.done !== undefined) Deferred.doneUnsafe(row.done, Exit.succeed(interrupted))
    })

  const share: Share = <E, A, R>(
    request: ChatRequest,
    call: Effect.Effect<ChatResponse, E>,
    ended: Ended<E, A, R>
  ): Effect.Effect<A, never, R> => {
    const fingerprint = fingerprintOf(request)
    if (fingerprint === undefined) return alone(request, call, ended)
    const row = known.get(fingerprint.hash)
    if (row === undefined) return first(fingerprint, request, call, ended)
    // Now: while the keys are made, the row may end.
    if (row.response === undefined) row.done ??= Deferred.makeUnsafe()
    else row.isUsed = true
    return Effect.flatMap(Effect.zip(keyOfKnown(row), keyOf(request)), ([key, own]) =>
      key !== undefined && key === own ? shared(row, request, call, ended) : alone(request, call, ended)
    )
  }

  const shared = <E, A, R>(
    row: KnownRow,
    request: ChatRequest,
    call: Effect.Effect<ChatResponse, E>,
    ended: Ended<E, A, R>
  ): Effect.Effect<A, never, R> => {
    if (row.response !== undefined) return ended.answered(row.response, true)
    return Effect.matchEffect(Deferred.await(row.done as Deferred.Deferred<Shared, E>), {
      onFailure: (error) => ended.failed(error, true),
      onSuccess: (response) => {
        if (response !== interrupted) return ended.answered(response, true)
        // The deadline and the end of the stream interrupt this row too: it must not be requested before they do.
        return Effect.suspend(() => (mayRequest?.() === true ? share(request, call, ended) : Effect.never))
      }
    })
  }
  return share
}

/**
 * Whether equal rows are requested once is decided by the caller: without, each
 * row is. If rows may be interrupted alone, `mayRequest` is whether one that waits
 * for such a row may be requested itself.
 */
export const make = (isOn: boolean, mayRequest?: () => boolean): Effect.Effect<Share> =>
  isOn ? Effect.map(makeKey, (keyOf) => sharing(keyOf, mayRequest)) : Effect.succeed(alone)
