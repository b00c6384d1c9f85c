/** Streams through the cache. */
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { equal } from "../expect.ts"
import { call, makeHost, responseOf, type Service, streamOf, type Subject, through } from "./Subject.ts"

const answer = responseOf("streamed")

const run = (cache: Service, attempt = streamOf(answer)) => Stream.runCollect(cache.stage().stream(attempt)(call))

/** The events without the mark of the cache. */
const unmarked = (events: ReadonlyArray<StreamEvent>): ReadonlyArray<StreamEvent> =>
  events.map((event) => {
    if (event._tag !== "Start") return event
    const { cached: _, ...start } = event
    return start
  })

export const register = ({ test }: Pick<Subject, "test">): void => {
  test("passes on the events of a stream unchanged", (cache) =>
    Effect.gen(function* () {
      equal(yield* run(cache), StreamFold.toEvents(answer))
    }))

  test("replays a stream with the same content", (cache) =>
    Effect.gen(function* () {
      yield* run(cache)
      const events = yield* run(cache, () => Stream.die("the host was called"))
      equal(unmarked(events), StreamFold.toEvents(answer))
    }))

  test("marks the start of a replayed stream", (cache) =>
    Effect.gen(function* () {
      yield* run(cache)
      const [first] = yield* run(cache)
      equal(first?._tag === "Start" && first.cached !== undefined, true)
    }))

  test("answers a plain call from the response of a stream", (cache) =>
    Effect.gen(function* () {
      yield* run(cache)
      equal((yield* through(cache, makeHost().attempt)()).text, "streamed")
    }))

  test("does not cache a stream that broke", (cache) =>
    Effect.gen(function* () {
      const events = StreamFold.toEvents(answer).slice(0, -1)
      const cut = Stream.concat(
        Stream.fromIterable(events),
        Stream.fail(new StreamInterruptedError({ message: "cut" }))
      )
      yield* Effect.exit(run(cache, () => cut))
      const host = makeHost()
      yield* through(cache, host.attempt)()
      equal(host.requests(), 1)
    }))
}
