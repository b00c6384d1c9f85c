/** Structured output with streamed responses. */
import type { StreamError } from "@kimi-effect/core/OperationErrors"
import type { StructuredOutputError } from "@kimi-effect/core/ProviderErrors"
import type { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { StreamTruncatedError } from "@kimi-effect/core/StreamErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { KimiClient } from "../../../KimiClient.ts"
import type { Options, OutputEvent } from "../../StructuredOutput.ts"
import { isFormatRefusal } from "./formatRefusal.ts"
import { PartialValues } from "./PartialValues.ts"
import * as Rounds from "./Rounds.ts"

type Client = KimiClient["Service"]
type Event = OutputEvent<unknown>
type Events = Stream.Stream<Event, StreamError | StructuredOutputError, unknown>

/** One streamed response: its events, and what it adds up to. */
class Round {
  #fold = StreamFold.empty
  readonly #values: PartialValues

  constructor({ schema }: Rounds.Rounds) {
    this.#values = new PartialValues(schema.unwrap)
  }

  /** A format is refused before the first event. */
  get hasBegun(): boolean {
    return this.#fold.start !== undefined
  }

  /** The whole response; none before its end. */
  get response(): Option.Option<ChatResponse> {
    return StreamFold.toResponse(this.#fold)
  }

  /** The events of one read. Deltas of the value are shown together. */
  read(events: ReadonlyArray<StreamEvent>): ReadonlyArray<Event> {
    const shown: Array<Event> = []
    for (const event of events) {
      this.#fold = StreamFold.step(this.#fold, event)
      if (event._tag === "TextDelta" && event.choice === 0) this.#values.add(event.text)
      else if (event._tag === "ReasoningDelta" && event.choice === 0) {
        shown.push({ _tag: "Reasoning", text: event.text })
      } else if (event._tag === "Reset") {
        this.#values.reset()
        shown.push({ _tag: "Reset", reason: event.reason })
      }
    }
    const next = this.#values.next()
    if (next !== undefined) shown.push({ _tag: "Partial", value: next.value })
    return shown
  }
}

const finish = (client: Client, rounds: Rounds.Rounds, { response }: Round): Events =>
  Option.isNone(response)
    ? Stream.fail(new StreamTruncatedError({ message: "The stream has no beginning or no end" }))
    : Stream.unwrap(
        Effect.map(Rounds.next(rounds, response.value), (step): Events => {
          if (step._tag === "Done") return Stream.succeed({ _tag: "Finish", output: step.output })
          return Stream.concat(Stream.succeed({ _tag: "Repair", ...step.problem }), play(client, step.rounds))
        })
      )

const play = (client: Client, rounds: Rounds.Rounds): Events =>
  Stream.suspend(() => {
    const round = new Round(rounds)
    const events = Stream.mapAccumArray(
      client.stream(Rounds.requestFor(rounds)),
      () => round,
      (current, read) => [current, current.read(read)] as const
    )
    const whole: Events = Stream.concat(
      events,
      Stream.suspend(() => finish(client, rounds, round))
    )
    if (!rounds.canChangeFormat) return whole
    return Stream.catch(whole, (error): Events =>
      !round.hasBegun && isFormatRefusal(error) ? play(client, Rounds.withPlainFormat(rounds)) : Stream.fail(error)
    )
  })

export const streamWith = (client: Client, options: Options<Schema.Constraint>): Events =>
  Stream.unwrap(
    Effect.map(
      Effect.suspend(() => Effect.fromResult(Rounds.begin(options))),
      (rounds) => play(client, rounds)
    )
  )
