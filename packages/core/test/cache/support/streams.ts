/**
 * Shared builders for the tests of cached streams: a host whose stream a test
 * feeds, and readers of any speed.
 */
import { assert } from "@effect/vitest"
import { type Duration, Effect, Stream } from "effect"
import type * as ResponseCache from "../../../src/cache/ResponseCache.ts"
import type { StreamError } from "../../../src/errors/OperationErrors.ts"
import { StreamInterruptedError } from "../../../src/errors/StreamErrors.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type { StreamAttempt } from "../../../src/pipeline/Call.ts"
import { finish, host, makeMemory, start, text } from "./cache.ts"

/** A host whose stream a test feeds, network read by network read. */
const feed = () => {
  interface Listener {
    readonly give: (step: Effect.Effect<ReadonlyArray<StreamEvent>, StreamError>) => void
  }
  const steps: Array<Effect.Effect<ReadonlyArray<StreamEvent>, StreamError> | undefined> = []
  const listeners = new Set<Listener>()
  let opened = 0
  let open = 0
  const attempt: StreamAttempt = () =>
    Stream.suspend(() => {
      opened += 1
      open += 1
      let at = 0
      const next: Effect.Effect<ReadonlyArray<StreamEvent> | undefined, StreamError> = Effect.suspend(() => {
        if (at < steps.length) return steps[at++] ?? Effect.undefined
        return Effect.andThen(
          Effect.callback<void>((resume) => {
            const listener = { give: () => resume(Effect.void) }
            listeners.add(listener)
            return Effect.sync(() => void listeners.delete(listener))
          }),
          next
        )
      })
      return Stream.unfold(undefined, () =>
        Effect.map(next, (events) => (events === undefined ? undefined : ([events, undefined] as const)))
      ).pipe(
        Stream.flatMap((events) => Stream.fromArray(events)),
        Stream.ensuring(Effect.sync(() => void (open -= 1)))
      )
    })
  const push = (step: Effect.Effect<ReadonlyArray<StreamEvent>, StreamError> | undefined) => {
    steps.push(step)
    const waiting = [...listeners]
    listeners.clear()
    for (const { give } of waiting) give(Effect.succeed([]))
  }
  return {
    attempt,
    opened: () => opened,
    open: () => open,
    give: (...events: ReadonlyArray<StreamEvent>) => push(Effect.succeed(events)),
    fail: (error: StreamError) => push(Effect.fail(error)),
    end: () => push(undefined)
  }
}

/** Both stages of a cache in memory. */
export const makeStages = (options: ResponseCache.Options = {}) =>
  Effect.map(makeMemory(options), (cache) => {
    const upstream = feed()
    const plain = host()
    const stage = cache.stage()
    return { cache, upstream, plain, stream: stage.stream(upstream.attempt), chat: stage.effect(plain.attempt) }
  })

export const unmarked = (events: ReadonlyArray<StreamEvent>): ReadonlyArray<StreamEvent> =>
  events.map((event) => {
    if (event._tag !== "Start") return event
    const { cached: _, ...rest } = event
    return rest
  })

export const markOf = (events: ReadonlyArray<StreamEvent>) => {
  const [first] = events
  return first?._tag === "Start" ? first.cached : assert.fail("no Start")
}

export const answer = [start, text("Hel"), text("lo "), text("you"), finish]

/** Reads at its own speed, and records when each event arrived. */
export const read = (events: ReturnType<StreamAttempt>, pause: Duration.Input = 0) => {
  const seen: Array<StreamEvent> = []
  return {
    seen,
    run: Stream.runForEach(events, (event) =>
      Effect.andThen(
        Effect.sync(() => void seen.push(event)),
        Effect.sleep(pause)
      )
    )
  }
}

export const scripted =
  (...events: ReadonlyArray<StreamEvent>): StreamAttempt =>
  () =>
    Stream.fromArray(events)

export const cut = new StreamInterruptedError({ message: "cut" })
