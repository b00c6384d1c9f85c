/**
 * Plays answers as effects and streams: those that were decoded before, from
 * memory, and others through the decoders of the client.
 */
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Chunking } from "../../Chunking.ts"
import { render, type RequestForm } from "../rendering.ts"
import { delaysOf } from "../wirePlan.ts"
import type { Pace, Step } from "./Engine.ts"
import { type Playback, planOf } from "./playback.ts"
import * as Remembered from "./Remembered.ts"

const sleep = (millis: number): Effect.Effect<void> => (millis > 0 ? Effect.sleep(millis) : Effect.void)

/** `chat` cannot fail with an error of streams: those of the script are its author's choice. */
const exactChat = (answer: (Step & { _tag: "Exact" })["answer"]): Effect.Effect<ChatResponse, ChatError> => {
  if (answer instanceof ChatResponse) return Effect.succeed(answer)
  return (answer._tag === "Events" ? StreamFold.collect(answer.stream) : Effect.fail(answer)) as Effect.Effect<
    ChatResponse,
    ChatError
  >
}

const exactStream = (answer: (Step & { _tag: "Exact" })["answer"]): Stream.Stream<StreamEvent, StreamError> => {
  if (answer instanceof ChatResponse) return Stream.fromIterable(StreamFold.toEvents(answer))
  return answer._tag === "Events" ? answer.stream : Stream.fail(answer)
}

type WireStep = Step & { readonly _tag: "Wire" }

/** An error in place of a response. */
interface Failure<E> {
  readonly error: E
  /** Whether the connection fails before any latency. */
  readonly isImmediate: boolean
}

const formOf = ({ model }: ModelRequest, isStream: boolean): RequestForm => ({
  isStream,
  hasUsage: true,
  hasTools: false,
  model
})

const later = <A, E>(millis: number, stream: Stream.Stream<A, E>): Stream.Stream<A, E> =>
  millis > 0 ? Stream.concat(Stream.fromEffectDrain(Effect.sleep(millis)), stream) : stream

/** A failure comes with the headers, or instead of them. */
const failLater = <E>({ rendered, value }: Remembered.Decoded<Failure<E>>, pace: Pace): Effect.Effect<never, E> => {
  const { startDelay } = delaysOf(rendered, pace)
  return Effect.andThen(sleep(value.isImmediate ? 0 : pace.latency + startDelay), Effect.fail(value.error))
}

/** Makes the function that answers requests for whole responses. */
export const makeChat = (
  chunking: Chunking,
  playback: Playback
): ((request: ModelRequest, step: Step) => Effect.Effect<ChatResponse, ChatError>) => {
  const responses = Remembered.ofSuccesses<ChatResponse>()
  const failures = Remembered.ofFailures<Failure<ChatError>>()

  const decodeChat = (request: ModelRequest, step: WireStep): Effect.Effect<ChatResponse, ChatError> => {
    const form = formOf(request, false)
    const plan = planOf(step, form, chunking)
    const rendered = render(step.reply, form)
    return Effect.matchEffect(playback.chat(request, plan), {
      onSuccess: (value) => {
        responses.add(request, step, { rendered, value })
        return Effect.succeed(value)
      },
      onFailure: (error) => {
        failures.add(request, step, { rendered, value: { error, isImmediate: plan.start === "reset" } })
        return Effect.fail(error)
      }
    })
  }

  return (request, step) => {
    if (step._tag === "Exact") return Effect.andThen(sleep(step.pace.latency), exactChat(step.answer))
    const failure = failures.find(request, step)
    if (failure !== undefined) return failLater(failure, step.pace)
    const known = responses.find(request, step)
    if (known === undefined) return decodeChat(request, step)
    const millis = step.pace.latency + delaysOf(known.rendered, step.pace).startDelay
    return millis > 0 ? Effect.as(Effect.sleep(millis), known.value) : Effect.succeed(known.value)
  }
}

/** Makes the function that answers requests for streams. */
export const makeStream = (
  chunking: Chunking,
  playback: Playback
): ((request: ModelRequest, step: Step) => Stream.Stream<StreamEvent, StreamError>) => {
  const streams = Remembered.ofSuccesses<ReadonlyArray<StreamEvent>>()
  const failures = Remembered.ofFailures<Failure<StreamError>>()

  const decodeStream = (request: ModelRequest, step: WireStep): Stream.Stream<StreamEvent, StreamError> => {
    const all: Array<StreamEvent> = []
    const form = formOf(request, true)
    const plan = planOf(step, form, chunking)
    const rendered = render(step.reply, form)
    const remember = (exit: Exit.Exit<unknown, StreamError>): void => {
      if (Exit.isSuccess(exit) && all.at(-1)?._tag === "Finish") streams.add(request, step, { rendered, value: all })
      // Only a failure in place of the stream is the same each time at once.
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
      if (error !== undefined && all.length === 0) {
        failures.add(request, step, { rendered, value: { error, isImmediate: plan.start === "reset" } })
      }
    }
    return playback.stream(request, plan).pipe(
      Stream.mapArray((events) => {
        for (const event of events) all.push(event)
        return events
      }),
      Stream.onExit((exit) => Effect.sync(() => remember(exit)))
    )
  }

  return (request, step) => {
    if (step._tag === "Exact") return later(step.pace.latency, exactStream(step.answer))
    const failure = failures.find(request, step)
    if (failure !== undefined) return Stream.fromEffect(failLater(failure, step.pace))
    const known = streams.find(request, step)
    if (known === undefined) return decodeStream(request, step)
    const { bodyDelay, startDelay, writeDelay } = delaysOf(known.rendered, step.pace)
    return writeDelay === 0
      ? later(step.pace.latency + startDelay + bodyDelay, Stream.fromIterable(known.value))
      : decodeStream(request, step)
  }
}
