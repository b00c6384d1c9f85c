/** The content of an upload in any of its forms, as pieces of a bounded size. */
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"
import { headSize } from "./mediaTypes.ts"

/** Large enough for few writes, small enough that a stalled host is noticed and progress is shown. */
const pieceSize = 64 * 1024

/** Content in memory, in a file, or made while it is sent. */
export type Input<E, R> = string | Uint8Array | Blob | Stream.Stream<Uint8Array, E, R>

export const isInput = (value: unknown): boolean =>
  typeof value === "string" || value instanceof Uint8Array || value instanceof Blob || Stream.isStream(value)

/** Content with its size, where that is known. */
export interface Content<E, R> {
  readonly size: number | undefined
  /** The first bytes; none of a stream, which can be read only once. */
  readonly head: Effect.Effect<Uint8Array | undefined, InvalidRequestError>
  readonly pieces: Stream.Stream<Uint8Array, E | InvalidRequestError, R>
}

/** Views of the same memory, none of which is empty. */
const split = (bytes: Uint8Array): ReadonlyArray<Uint8Array> =>
  Array.from({ length: Math.ceil(bytes.length / pieceSize) }, (_, index) =>
    bytes.subarray(index * pieceSize, (index + 1) * pieceSize)
  )

const unreadable = new InvalidRequestError({
  message: "The file cannot be read: it was changed or removed after it was opened",
  parameter: "content"
})

const slice = (blob: Blob, from: number, to: number): Effect.Effect<Uint8Array, InvalidRequestError> =>
  Effect.tryPromise({
    try: () => blob.slice(from, to).arrayBuffer(),
    catch: () => unreadable
  }).pipe(Effect.map((buffer) => new Uint8Array(buffer)))

/** The whole of a blob. */
export const readBlob = (blob: Blob): Effect.Effect<Uint8Array, InvalidRequestError> => slice(blob, 0, blob.size)

const fromBytes = (bytes: Uint8Array): Content<never, never> => ({
  size: bytes.length,
  head: Effect.succeed(bytes.subarray(0, headSize)),
  pieces: Stream.fromArray(split(bytes))
})

/** Slices, because a blob can stand for a file that is larger than the memory. */
const fromBlob = (blob: Blob): Content<never, never> => ({
  size: blob.size,
  head: slice(blob, 0, headSize),
  pieces: Stream.suspend(() => {
    let offset = 0
    return Stream.fromPull(
      Effect.succeed(
        Effect.suspend((): Pull.Pull<Arr.NonEmptyArray<Uint8Array>, InvalidRequestError> => {
          if (offset >= blob.size) return Cause.done()
          const from = offset
          offset += pieceSize
          return Effect.map(slice(blob, from, offset), Arr.of)
        })
      )
    )
  })
})

const encoder = new TextEncoder()

/** The content of an input. `size` is that of a stream, and ignored for other inputs. */
export const make = <E, R>(input: Input<E, R>, size: number | undefined): Content<E, R> => {
  if (typeof input === "string") return fromBytes(encoder.encode(input))
  if (input instanceof Uint8Array) return fromBytes(input)
  if (Stream.isStream(input)) {
    return {
      size,
      head: Effect.undefined,
      // Its error type is that of the input: a `Blob` has none.
      pieces: Stream.flatMap(input as Stream.Stream<Uint8Array, E, R>, (bytes) => Stream.fromArray(split(bytes)))
    }
  }
  return fromBlob(input)
}
