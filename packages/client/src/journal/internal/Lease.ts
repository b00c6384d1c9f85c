/** The calls of one leased resource: recorded results are returned, others are made and recorded. */
import {
  JournalMismatchError,
  type JournalStoreError,
  type LeaseLostError,
  UncertainToolResultError
} from "@kimi-effect/core/JournalErrors"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type AppendError, storeError } from "./GroupCommit.ts"
import type { HeldCalls } from "./HeldCalls.ts"
import * as KeyLock from "./KeyLock.ts"
import type { Append, Claim, Entry, EntryKind } from "./Store.ts"

export interface CallOptions<A, I> {
  /** Identifies the call in its resource, such as `agent/step/kind/ordinal`. */
  readonly key: string
  /** Digest of the request. */
  readonly digest: string
  /** How a result is recorded; its encoded form must be JSON. */
  readonly codec: Schema.Codec<A, I>
  /** Whether the call may be made again when its outcome is unknown. Defaults to false. */
  readonly isIdempotent?: boolean | undefined
  /** The name of the tool, for errors. Defaults to the key. */
  readonly tool?: string | undefined
  /** The id of the tool call, for errors. Defaults to the key. */
  readonly callId?: string | undefined
}

export type CallError = JournalMismatchError | UncertainToolResultError | JournalStoreError | LeaseLostError

/** The newest entry of each key. */
export const newest = (entries: ReadonlyArray<Entry>): Map<string, Entry> => {
  const found = new Map<string, Entry>()
  for (const entry of entries) found.set(entry.key, entry)
  return found
}

export interface Calls {
  /**
   * Returns the recorded result of a key, or makes the call and records its
   * result. Of concurrent calls with one key, one is made and the others wait
   * for it, so an effect must not use its own key. A failure is not recorded.
   */
  readonly call: <A, I, E, R>(
    options: CallOptions<A, I>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | CallError, R>
  /** Settles an uncertain call. Does nothing when the call is not uncertain. */
  readonly resolve: <A, I>(options: CallOptions<A, I>, resolution: Resolution<A>) => Effect.Effect<void, CallError>
}

/** What a person or a policy found out about an uncertain call. */
export type Resolution<A> = { readonly _tag: "Result"; readonly result: A } | { readonly _tag: "RunAgain" }

const uncertain = ({
  callId,
  key,
  tool
}: Pick<CallOptions<unknown, unknown>, "callId" | "key" | "tool">): UncertainToolResultError =>
  new UncertainToolResultError({
    message: `${tool ?? key} was started and its result was not recorded`,
    key,
    tool: tool ?? key,
    callId: callId ?? key
  })

const mismatch = (key: string, recorded: string, actual: string): JournalMismatchError =>
  new JournalMismatchError({ message: `The request of ${key} is not the recorded one`, key, recorded, actual })

/** For a call that a complete run does not contain. */
export const notRecorded = (key: string, actual: string): JournalMismatchError =>
  new JournalMismatchError({
    message: `The run is complete and has no result of ${key}; start another run to make this call`,
    key,
    recorded: "none",
    actual
  })

export const make = (
  store: string,
  runId: string,
  claim: Claim,
  entries: Map<string, Entry>,
  append: (append: Append) => Effect.Effect<void, AppendError>,
  /** Makes calls; absent where none is made. */
  held: HeldCalls | undefined,
  /** Why no call can be made any more, undefined while calls can be made. */
  refusal: (key: string, digest: string) => CallError | undefined
): Calls => {
  const locked = KeyLock.make()
  const write = (key: string, kind: EntryKind, digest: string, body: string): Effect.Effect<void, AppendError> =>
    Effect.suspend(() => {
      const entry: Entry = { key, kind, digest, body }
      return Effect.tap(append({ runId, claim, entry }), () => Effect.sync(() => entries.set(key, entry)))
    })
  const encode = <A, I>(codec: Schema.Codec<A, I>, result: A): Effect.Effect<string, JournalStoreError> =>
    Effect.mapError(Schema.encodeEffect(Schema.fromJsonString(codec))(result), () =>
      storeError(store, "encode", "a result does not conform to its codec")
    )
  const decode = <A, I>(codec: Schema.Codec<A, I>, body: string): Effect.Effect<A, JournalStoreError> =>
    Effect.mapError(Schema.decodeEffect(Schema.fromJsonString(codec))(body), () =>
      storeError(store, "decode", "a recorded result does not conform to its codec")
    )
  const perform = <A, I, E, R>(
    { codec, digest, isIdempotent = false, key }: CallOptions<A, I>,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | CallError, R> =>
    // Once the effect has succeeded, an interruption of the caller does not stop the recording.
    Effect.uninterruptibleMask((restore) =>
      write(key, "Intent", digest, "").pipe(
        Effect.andThen(restore(held === undefined ? effect : held.run(effect, isIdempotent))),
        Effect.tap((result) => Effect.flatMap(encode(codec, result), (body) => write(key, "Result", digest, body)))
      )
    )
  const replayOrPerform = <A, I, E, R>(
    options: CallOptions<A, I>,
    effect: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E | CallError, R> => {
    const { codec, digest, isIdempotent = false, key } = options
    const found = entries.get(key)
    if (found !== undefined && found.digest !== digest) return Effect.fail(mismatch(key, found.digest, digest))
    if (found?.kind === "Result") return decode(codec, found.body)
    const refused = refusal(key, digest)
    if (refused !== undefined) return Effect.fail(refused)
    if (found?.kind === "Intent" && !isIdempotent) return Effect.fail(uncertain(options))
    return perform(options, effect)
  }
  return {
    call: (options, effect) =>
      Effect.suspend(() =>
        entries.get(options.key)?.kind === "Result"
          ? replayOrPerform(options, effect)
          : locked(
              options.key,
              Effect.suspend(() => replayOrPerform(options, effect))
            )
      ),
    resolve: (options, resolution) =>
      Effect.suspend((): Effect.Effect<void, CallError> => {
        const { codec, digest, key } = options
        const found = entries.get(key)
        if (found?.kind !== "Intent") return Effect.void
        if (found.digest !== digest) return Effect.fail(mismatch(key, found.digest, digest))
        return resolution._tag === "RunAgain"
          ? write(key, "Retry", digest, "")
          : Effect.flatMap(encode(codec, resolution.result), (body) => write(key, "Result", digest, body))
      })
  }
}
