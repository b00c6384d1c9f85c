/** The rows of a batch in any of their forms, as a stream that ends with the batch. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type * as OptionRules from "@kimi-effect/core/internal/OptionRules"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import type * as Pull from "effect/Pull"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Input } from "../Batch.ts"
import type { BatchRow } from "../BatchResponse.ts"
import type { Tally } from "./Tally.ts"

type Given = ChatRequest | BatchRow

/** Programs in JavaScript pass other values, such as a text, whose characters are no rows. */
const isInput = (input: unknown): boolean =>
  Stream.isStream(input) ||
  (Predicate.isObject(input) && (Symbol.asyncIterator in input || Symbol.iterator in input)) ||
  Array.isArray(input)

export const rule = (input: unknown): OptionRules.Rule => [
  "input",
  isInput(input),
  "an array, an iterable, an async iterable or a stream of requests"
]

/** The longest wait for an iterator that is closed. */
const longestClose = "1 second"

/**
 * Closes an iterator that is left before its end. Its failure is logged: the outcomes
 * of the rows would be lost with it, and also with a wait for one that never ends.
 * One that reads a row may end only when it has it.
 */
const closeWithScope = (close: () => unknown, isReading: () => boolean): Effect.Effect<void, never, Scope.Scope> => {
  const closed = Effect.tryPromise(async () => void (await close())).pipe(
    Effect.catch(({ cause }) => Effect.logWarning("The iterator of the rows of a batch could not be closed", cause))
  )
  const late = Effect.logWarning(`The iterator of the rows of a batch was not closed within ${longestClose}`)
  // In a separate fiber: a finalizer cannot be interrupted, and neither can what it waits for.
  const bounded = Effect.interruptible(Effect.timeoutOrElse(closed, { duration: longestClose, orElse: () => late }))
  return Effect.addFinalizer(() =>
    Effect.flatMap(Effect.forkDetach(isReading() ? closed : bounded, { startImmediately: true }), (fiber) =>
      isReading() ? Effect.void : Effect.asVoid(Fiber.await(fiber))
    )
  )
}

/** As the loops of JavaScript do: what is no object would be a row without end. */
const checked = (next: IteratorResult<Given>): IteratorResult<Given> => {
  if (Predicate.isObjectKeyword(next)) return next
  throw new TypeError(`Iterator result ${String(next)} is not an object`)
}

/** One row at a time. `Stream.fromIterable` does not close the iterator of a stream that is left. */
const pullOf = (
  iterable: Iterable<Given>
): Effect.Effect<Pull.Pull<Arr.NonEmptyReadonlyArray<Given>>, never, Scope.Scope> =>
  Effect.suspend(() => {
    const iterator = iterable[Symbol.iterator]()
    let isOpen = true
    const next = Effect.suspend(() => {
      // One that throws, or has ended, is not closed.
      isOpen = false
      const next = checked(iterator.next())
      if (next.done === true) return Cause.done()
      isOpen = true
      return Effect.succeed(Arr.of(next.value))
    })
    return Effect.as(
      closeWithScope(
        () => isOpen && iterator.return?.(),
        () => false
      ),
      next
    )
  })

/** `Stream.fromAsyncIterable` ends with a defect when the iterator cannot be closed. */
const pullOfAsync = (
  iterable: AsyncIterable<Given>
): Effect.Effect<Pull.Pull<Arr.NonEmptyReadonlyArray<Given>>, never, Scope.Scope> =>
  Effect.suspend(() => {
    const iterator = iterable[Symbol.asyncIterator]()
    let isOpen = true
    let isReading = false
    const next = Effect.promise(async () => {
      isReading = true
      try {
        const next = checked(await iterator.next())
        if (next.done === true) isOpen = false
        return next
      } catch (error) {
        isOpen = false
        throw error
      } finally {
        isReading = false
      }
    }).pipe(Effect.flatMap((next) => (next.done === true ? Cause.done() : Effect.succeed(Arr.of(next.value)))))
    return Effect.as(
      closeWithScope(
        () => isOpen && iterator.return?.(),
        () => isReading
      ),
      next
    )
  })

/** The rows in any of their forms, as a stream. */
export const toStream = <E, R>(input: Input<E, R>): Stream.Stream<Given, E, R> => {
  if (Stream.isStream(input)) return input as Stream.Stream<Given, E, R>
  if (Array.isArray(input)) return Stream.fromArray(input as ReadonlyArray<Given>)
  const pull = Symbol.asyncIterator in input ? pullOfAsync(input) : pullOf(input as Iterable<Given>)
  return Stream.unwrap(Effect.map(pull, (next) => Stream.fromPull(Effect.succeed(next))))
}

/** A request that the client refuses, with the error as the reason. */
const unreadable = (error: unknown): ChatRequest => ({
  get messages(): never {
    throw error
  }
})

/** What is no request, such as a text, fails its row as the client refuses it, and so does a row that throws when it is read. */
export const toRow = (row: Given): BatchRow => {
  const given = row as BatchRow
  try {
    if (!Predicate.hasProperty(row, "request")) return { request: row as ChatRequest }
    void [given.id, given.line, given.request]
    return given
  } catch (error) {
    return { request: unreadable(error) }
  }
}

/** Whether a read of the rows may wait: those of an iterable do not. */
const mayWait = (input: object): boolean => Stream.isStream(input) || Symbol.asyncIterator in input

/** Reads no further rows after the stop, which interrupts a read that waits. */
export const untilStopped = <E, R>(input: Input<E, R>, tally: Tally): Stream.Stream<Given, E, R> => {
  const end = Effect.andThen(tally.whenStopped, Cause.done())
  return Stream.transformPull(toStream(input), (pull) => {
    // Takes a fiber for each read.
    const read = mayWait(input) ? Effect.raceFirst(pull, end) : pull
    return Effect.succeed(Effect.suspend(() => (tally.stopped === undefined ? read : Cause.done())))
  })
}
