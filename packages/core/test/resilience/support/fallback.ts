/**
 * Scripted hosts for the tests of the fallback stage.
 */
import { Effect, Stream } from "effect"
import type { ChatError, StreamError } from "../../../src/errors/OperationErrors.ts"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import { type Call, accountModelKey } from "../../../src/pipeline/Call.ts"
import * as Fallback from "../../../src/resilience/Fallback.ts"
import { responseOf } from "../../support/responses.ts"

export const request: ModelRequest = { model: "kimi-k2.6", messages: [{ role: "user", content: "Hi" }] }

/** The client's own account and model: `a/kimi-k2.6`, a window of 256 K. */
export const call: Call = { account: "a", provider: "moonshot", request }

/** A step that accepts every request, from `account/model`, or `account` for the model of the call. */
export const step = (place: string, rest: Partial<Fallback.Step> = {}): Fallback.Step => {
  const [account = "", model] = place.split("/")
  return { account, provider: `host of ${account}`, model, check: Effect.succeed, ...rest }
}

export const answer = responseOf()

export const text = (piece: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text: piece })
export const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }

/** The script of an account and model; without one they succeed. */
export type Script<E> = { readonly [place: string]: E }

type Check = Fallback.Plan["check"]

/** Runs a plain call with the steps, and records every call that was made. */
export const chat = (steps: ReadonlyArray<Fallback.Step>, script: Script<ChatError>, check: Check = Effect.succeed) => {
  const made: Array<Call> = []
  const stage = Fallback.stage({ check, steps })
  const run = stage.effect((inner) =>
    Effect.suspend(() => {
      made.push(inner)
      const error = script[accountModelKey(inner)]
      return error === undefined ? Effect.succeed(answer) : Effect.fail(error)
    })
  )(call)
  return { made, places: () => made.map(accountModelKey), run }
}

/** Plays the events of a host, then its error or the end, and records what is opened and closed. */
export interface Play {
  readonly events?: ReadonlyArray<StreamEvent>
  readonly error?: StreamError
}

/** Runs a streamed call with the steps. Every event is a separate network read. */
export const stream = (steps: ReadonlyArray<Fallback.Step>, script: Script<Play>) => {
  const log: Array<string> = []
  const stage = Fallback.stage({ check: Effect.succeed, steps })
  const run = stage.stream((inner) =>
    Stream.suspend(() => {
      const place = accountModelKey(inner)
      const start: StreamEvent = { _tag: "Start", id: "1", model: place, created: 0 }
      const { error, events = error === undefined ? [start, text(place), finish] : [start] } = script[place] ?? {}
      log.push(`open ${place}`)
      const played = Stream.flatMap(Stream.fromIterable(events), (event) => Stream.succeed(event))
      return Stream.concat(played, error === undefined ? Stream.empty : Stream.fail(error)).pipe(
        Stream.ensuring(Effect.sync(() => log.push(`close ${place}`)))
      )
    })
  )(call)
  return { log, run }
}
