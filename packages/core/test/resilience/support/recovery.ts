/**
 * Shared builders for the tests of recovery: a response as events, and attempts
 * that play a script.
 */
import { Effect, Stream } from "effect"
import type { StreamError } from "../../../src/errors/OperationErrors.ts"
import { StreamInterruptedError } from "../../../src/errors/StreamErrors.ts"
import type { StreamEvent } from "../../../src/models/StreamEvent.ts"
import type { Usage } from "../../../src/models/Usage.ts"
import type { Call, StreamAttempt } from "../../../src/pipeline/Call.ts"
import { usageOf } from "../../support/responses.ts"

export const call: Call = {
  account: "moonshot",
  provider: "moonshot",
  request: { model: "kimi-k3", messages: [{ role: "user", content: "Hi" }] }
}

/** The start of the n-th attempt's response. */
export const start = (attempt = 0): StreamEvent => ({
  _tag: "Start",
  id: `chatcmpl-${attempt}`,
  model: "kimi-k3",
  created: attempt,
  provider: "moonshot",
  requestId: `r-${attempt}`
})
export const thought = (text: string, choice = 0): StreamEvent => ({ _tag: "ReasoningDelta", choice, text })
export const text = (text: string, choice = 0): StreamEvent => ({ _tag: "TextDelta", choice, text })
export const piece = (args: string, choice = 0, index = 0): StreamEvent => ({
  _tag: "ToolCallDelta",
  choice,
  index,
  id: `look_${index}`,
  name: "look",
  arguments: args
})
export const called = (args: string, choice = 0, index = 0): StreamEvent => ({
  _tag: "ToolCall",
  choice,
  index,
  call: { id: `look_${index}`, type: "function", function: { name: "look", arguments: args } }
})
export const tokens = (prompt: number, completion: number, reasoning = 0, cached = 0): Usage =>
  usageOf({
    prompt_tokens: prompt,
    completion_tokens: completion,
    cached_tokens: cached,
    reasoning_tokens: reasoning
  })
export const used = (usage: Usage): StreamEvent => ({ _tag: "Usage", usage })
export const estimated = (usage: Usage): StreamEvent => ({ _tag: "Usage", usage, isEstimate: true })
export const finish: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
export const reset = (reason: string): StreamEvent => ({ _tag: "Reset", reason })
export const seam = (reason: string, attempt = 1): StreamEvent => ({
  _tag: "Resume",
  reason,
  id: `chatcmpl-${attempt}`,
  model: "kimi-k3",
  provider: "moonshot",
  requestId: `r-${attempt}`
})

export const lost = new StreamInterruptedError({ message: "lost", requestId: "r-0" })

/** The events of one attempt, and the error after them; without one, the attempt ends. */
export interface Play {
  readonly events: ReadonlyArray<StreamEvent>
  readonly end?: Stream.Stream<never, StreamError>
  /** Events per network read. */
  readonly chunk?: number
}

export const broken = (error: StreamError, ...events: ReadonlyArray<StreamEvent>): Play => ({
  events,
  end: Stream.fail(error)
})
export const whole = (...events: ReadonlyArray<StreamEvent>): Play => ({ events })

/** Attempts that play one script after the other, with their requests and when they were opened and closed. */
export const script = (...plays: ReadonlyArray<Play>) => {
  const log: Array<string> = []
  const calls: Array<Call> = []
  const attempt: StreamAttempt = (asked) =>
    Stream.suspend(() => {
      const name = calls.length
      calls.push(asked)
      log.push(`open ${name}`)
      const { chunk = 1, end = Stream.empty, events } = plays[name] ?? { events: [] }
      return Stream.fromIterable(events).pipe(
        Stream.rechunk(chunk),
        Stream.concat(end),
        Stream.ensuring(Effect.sync(() => void log.push(`close ${name}`)))
      )
    })
  return { attempt, calls, log }
}

/** Runs a stream to its end: the received events, and the error if there was one. */
export const watch = Effect.fnUntraced(function* (events: Stream.Stream<StreamEvent, StreamError>) {
  const seen: Array<StreamEvent> = []
  const exit = yield* Effect.result(Stream.runForEach(events, (event) => Effect.sync(() => void seen.push(event))))
  return { seen, error: exit._tag === "Failure" ? exit.failure : undefined }
})
