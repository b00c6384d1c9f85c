/** The stage that makes attempts fail at given rates. */
import type { Call } from "@kimi-effect/core/Call"
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import * as Stage from "@kimi-effect/core/Stage"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as Effect from "effect/Effect"
import type * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import type * as Reply from "../../Reply.ts"
import * as Errors from "../replies/errors.ts"
import { brokenBody, type FailureTag, failureReplies } from "./failureReplies.ts"
import { type Playback, planOf } from "./playback.ts"
import { latencySampler, type Options } from "./Settings.ts"
import { asExplicit, isStreamFailure } from "./standardReplies.ts"

/** What the stage injects. */
interface Faults extends Pick<Options, "failures" | "latency"> {
  readonly afterEvents?: number | undefined
}

const planFor = (reply: Reply.Reply, { model }: Call["request"], isStream: boolean) =>
  planOf(
    { _tag: "Wire", reply: asExplicit(reply), fault: reply.fault, pace: { latency: 0, tokensPerSecond: undefined } },
    { isStream, hasUsage: true, hasTools: false, model },
    { events: 1 }
  )

/** Draws the fault of one attempt, if any. */
const makeDraw = ({ failures = {} }: Faults, random: Random.Random): (() => FailureTag | undefined) => {
  const rates = Object.entries(failures) as ReadonlyArray<readonly [FailureTag, number]>
  return () => {
    let left = random.nextDoubleUnsafe()
    for (const [tag, rate] of rates) {
      left -= rate
      if (left < 0) return tag
    }
    return undefined
  }
}

/** Replies whose stream fails with the error of a tag before its first event. */
const streamReply = (tag: FailureTag): Reply.Reply => {
  switch (tag) {
    case "StreamInterruptedError":
      return Errors.streamInterrupted(0)
    case "StreamTruncatedError":
      return Errors.streamTruncated(0)
    case "StreamDecodeError":
      return Errors.streamCorrupted(0)
    case "StreamFailedError":
      return Errors.streamFailed(0)
    case "IdleTimeoutError":
      return Errors.streamStalled(0)
    default:
      return failureReplies[tag]
  }
}

/** Whether a fault happens within the stream of the host. */
const isWithinStream = (tag: FailureTag): boolean => isStreamFailure(tag) || tag === "IdleTimeoutError"

/** Makes the stage. */
export const make = (
  faults: Faults,
  playbackOf: (provider: string) => Playback,
  random: Random.Random
): Stage.Stage => {
  const draw = makeDraw(faults, random)
  const latency = latencySampler(faults.latency)
  const delay = Effect.suspend(() => {
    const millis = latency(random)
    return millis > 0 ? Effect.sleep(millis) : Effect.void
  })

  const failChat = ({ provider, request }: Call, tag: FailureTag) =>
    playbackOf(provider).chat(request, planFor(isStreamFailure(tag) ? brokenBody : failureReplies[tag], request, false))

  const failedStream = ({ provider, request }: Call, tag: FailureTag): Stream.Stream<StreamEvent, StreamError> =>
    Stream.drain(playbackOf(provider).stream(request, planFor(streamReply(tag), request, true)))

  return Stage.make("chaos", {
    effect: (inner) => (call) =>
      Effect.andThen(
        delay,
        Effect.suspend(() => {
          const tag = draw()
          return tag === undefined ? inner(call) : failChat(call, tag)
        })
      ),
    stream: (inner) => (call) => {
      const begun = Stream.suspend(() => {
        const tag = draw()
        if (tag === undefined) return inner(call)
        const failed = failedStream(call, tag)
        return isWithinStream(tag) ? Stream.concat(Stream.take(inner(call), faults.afterEvents ?? 2), failed) : failed
      })
      return faults.latency === undefined ? begun : Stream.concat(Stream.fromEffectDrain(delay), begun)
    },
    options: Object.fromEntries(Object.entries(faults.failures ?? {}).map(([tag, rate]) => [tag, `${rate}`]))
  })
}
