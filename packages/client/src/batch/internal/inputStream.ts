/** The rows of a batch in any of their forms, as a stream. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import * as Stream from "effect/Stream"
import type { Input } from "../Batch.ts"
import type { BatchRow } from "../BatchResponse.ts"

export const toStream = <E, R>(input: Input<E, R>): Stream.Stream<ChatRequest | BatchRow, E, R> => {
  if (Stream.isStream(input)) return input as Stream.Stream<ChatRequest | BatchRow, E, R>
  if (Symbol.asyncIterator in input) return Stream.orDie(Stream.fromAsyncIterable(input, (cause) => cause))
  return Stream.fromIterable(input as Iterable<ChatRequest | BatchRow>, { chunkSize: 1 })
}
