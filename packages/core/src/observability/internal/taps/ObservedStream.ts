/**
 * The observation of one open stream, from its first pull to its end.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import type { Values } from "../../../CallOptions.ts"
import type { StreamError } from "../../../errors/OperationErrors.ts"
import * as MonotonicClock from "../../../internal/MonotonicClock.ts"
import * as StreamFold from "../../../models/StreamFold.ts"
import type { EventChunk } from "../../../pipeline/internal/EventChunk.ts"
import { spanEvents } from "../../Telemetry.ts"
import { type CallRecorder, contextOf } from "./CallRecorder.ts"
import * as CallOutcome from "./CallOutcome.ts"
import type { Message } from "../../../models/Message.ts"
import type { Observation } from "./Observation.ts"
import { StreamMetadata } from "./ResponseMetadata.ts"

type EventPull = Pull.Pull<EventChunk, StreamError>

/**
 * @category models
 * @since 0.1.0
 */
export class ObservedStream {
  readonly #recorder: CallRecorder
  readonly #observation: Observation
  readonly #model: string
  readonly #caller: Values
  readonly #received: StreamMetadata
  readonly #outer: Context.Context<never>
  readonly #inner: Context.Context<never>
  #isOver = false

  /** `messages` is the conversation, which no id may quote, and `context` that of the fiber that opens the stream. */
  constructor(
    recorder: CallRecorder,
    observation: Observation,
    model: string,
    caller: Values,
    messages: ReadonlyArray<Message>,
    context: Context.Context<never>
  ) {
    this.#recorder = recorder
    this.#observation = observation
    this.#model = model
    this.#caller = caller
    this.#outer = context
    this.#inner = contextOf(observation, context)
    this.#received = new StreamMetadata(recorder.isContentCaptured, messages)
  }

  /** Runs an effect as a part of the observed call. */
  within<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    // Mostly one fiber opens, reads and closes a stream, always in the same context.
    return Effect.updateContext(effect, (context: Context.Context<never>) =>
      context === this.#outer ? this.#inner : contextOf(this.#observation, context)
    )
  }

  /** Ends the observation; only the first time has an effect. */
  end(exit: Exit.Exit<void, StreamError>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isOver) return Effect.void
      this.#isOver = true
      const { fold, hasContent, metadata } = this.#received
      const streamEnd = CallOutcome.streamEndOf(CallOutcome.fromExit(exit), hasContent)
      if (fold !== undefined) {
        this.#recorder.annotateContent(this.#observation, Option.getOrUndefined(StreamFold.toResponse(fold)))
      }
      const ending = this.#recorder.end(this.#observation, this.#model, metadata, exit, this.#caller, streamEnd)
      return ending === undefined ? Effect.void : Effect.uninterruptible(this.within(ending))
    })
  }

  /** Observes what is pulled. With `mayCallAgain`, every pull may call a host and needs the span of the call. */
  observe(pull: EventPull, mayCallAgain: boolean): EventPull {
    // A pull that only reads needs no span.
    const needed = Effect.suspend(() => (this.#received.hasContent && !mayCallAgain ? pull : this.within(pull)))
    // Not `Pull.matchEffect`, which keeps two more closures for each open stream.
    return Effect.matchCauseEffect(needed, {
      onSuccess: (read) => {
        if (this.#received.addEvents(read)) {
          this.#observation.firstContentAt = MonotonicClock.millisUnsafe(this.#observation.clock)
          this.#observation.event(spanEvents.firstToken.name)
        }
        return Effect.succeed(read)
      },
      onFailure: (cause) => this.#fail(Pull.filterDone(cause))
    })
  }

  #fail(halt: Result.Result<unknown, Cause.Cause<StreamError>>): EventPull {
    if (Result.isSuccess(halt)) return Effect.andThen(this.end(Exit.void), Cause.done())
    return Effect.andThen(this.end(Exit.failCause(halt.failure)), Effect.failCause(halt.failure))
  }
}
