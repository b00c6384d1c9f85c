/** Stages with a bug, in place of those of the pipeline. */
import * as Deadline from "@kimi-effect/core/Deadline"
import { DeadlineExceededError } from "@kimi-effect/core/TimeoutErrors"
import * as Pipeline from "@kimi-effect/core/Pipeline"
import * as Stage from "@kimi-effect/core/Stage"
import { isContent, type StreamEvent } from "@kimi-effect/core/StreamEvent"
import { Clock, Duration, Effect, Layer, Stream } from "effect"
import type { Subject } from "../../../src/ScheduleSearch.ts"

const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

/** A stream that breaks after its first content ends like a complete one. */
export const truncatedSuccess: Subject = {
  stages: () =>
    Pipeline.layer(
      Pipeline.replace(
        "recovery",
        Stage.make("recovery", {
          stream: (inner) => (call) =>
            Stream.suspend(() => {
              let hasContent = false
              return inner(call).pipe(
                Stream.tap((event) => Effect.sync(() => void (hasContent ||= isContent(event)))),
                Stream.catch((error) => (hasContent ? Stream.succeed(finish) : Stream.fail(error)))
              )
            })
        })
      )
    )
}

/** A plain call is retried after every error. */
export const retryOfFinalErrors: Subject = {
  stages: () =>
    Pipeline.layer(
      Pipeline.replace(
        "retry",
        Stage.make("retry", { effect: (inner) => (call) => Effect.retry(inner(call), { times: 1 }) })
      )
    )
}

/** A stream is retried however much of it the caller has received. */
export const retryAfterOutput: Subject = {
  stages: () =>
    Pipeline.layer(
      Pipeline.replace(
        "retry",
        Stage.make("retry", {
          stream: (inner) => (call) =>
            Stream.catch(inner(call), (error) => (error.isRetryable ? inner(call) : Stream.fail(error)))
        })
      )
    )
}

/** Fails when the time of day is that of a deadline. */
const expiry = (start: number, deadline: number) =>
  Effect.gen(function* () {
    while ((yield* Clock.currentTimeMillis) < start + deadline) yield* Effect.sleep("100 millis")
    return yield* Effect.fail(new DeadlineExceededError({ message: "late", timeout: Duration.millis(deadline) }))
  })

/** The deadline of a plain call is measured by the time of day. */
export const clockJump: Subject = {
  stages: ({ deadline }) =>
    deadline === 0
      ? Layer.empty
      : Pipeline.layer(
          Pipeline.replace("deadline", {
            ...Deadline.stage(Duration.millis(deadline)),
            effect: (inner) => (call) =>
              Effect.flatMap(Clock.currentTimeMillis, (start) => Effect.raceFirst(inner(call), expiry(start, deadline)))
          })
        )
}
