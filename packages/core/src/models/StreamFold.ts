/**
 * Folds the events of a stream into the response of an equal plain call.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { PartialResponse } from "../errors/PartialResponse.ts"
import { StreamTruncatedError } from "../errors/StreamErrors.ts"
import { type ResponseMessage, ChatResponse, type Choice } from "./ChatResponse.ts"
import type { Finish, Start, StreamEvent } from "./StreamEvent.ts"
import type { ToolCall } from "./Tool.ts"
import type { Usage } from "./Usage.ts"

interface FoldedChoice {
  readonly content: string
  readonly reasoning: string
  /** By index. */
  readonly toolCalls: ReadonlyArray<ToolCall>
}

/**
 * The state of a fold.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamFold {
  readonly start: typeof Start.Type | undefined
  readonly choices: ReadonlyArray<FoldedChoice>
  readonly usage: Usage | undefined
  readonly finish: typeof Finish.Type | undefined
}

/**
 * The state before the first event.
 *
 * @category constructors
 * @since 0.1.0
 */
export const empty: StreamFold = { start: undefined, choices: [], usage: undefined, finish: undefined }

const emptyChoice: FoldedChoice = { content: "", reasoning: "", toolCalls: [] }

const updateChoice = (fold: StreamFold, choice: number, change: (folded: FoldedChoice) => FoldedChoice): StreamFold => {
  const choices = fold.choices.slice()
  while (choices.length <= choice) choices.push(emptyChoice)
  choices[choice] = change(choices[choice] ?? emptyChoice)
  return { ...fold, choices }
}

const updateToolCall = (
  folded: FoldedChoice,
  index: number,
  change: (call: ToolCall | undefined) => ToolCall
): FoldedChoice => {
  const calls = folded.toolCalls.slice()
  calls[index] = change(calls[index])
  return { ...folded, toolCalls: calls }
}

/**
 * Adds one event.
 *
 * @category combinators
 * @since 0.1.0
 */
export const step = (fold: StreamFold, event: StreamEvent): StreamFold => {
  switch (event._tag) {
    case "Start":
      return { ...fold, start: event }
    case "TextDelta":
      return updateChoice(fold, event.choice, (folded) => ({ ...folded, content: folded.content + event.text }))
    case "ReasoningDelta":
      return updateChoice(fold, event.choice, (folded) => ({ ...folded, reasoning: folded.reasoning + event.text }))
    case "ToolCallDelta":
      return updateChoice(fold, event.choice, (folded) =>
        updateToolCall(folded, event.index, (call) => ({
          id: event.id,
          type: call?.type ?? "function",
          function: { name: event.name, arguments: (call?.function.arguments ?? "") + event.arguments }
        }))
      )
    case "ToolCall":
      return updateChoice(fold, event.choice, (folded) => updateToolCall(folded, event.index, () => event.call))
    case "Usage":
      return { ...fold, usage: event.usage }
    case "Finish":
      return { ...fold, finish: event }
    case "Reset":
      return empty
    case "Resume":
      return fold
  }
}

/** The event with the text of those that follow it in the same channel, and the index of the next other event. */
const joinDeltas = (events: ReadonlyArray<StreamEvent>, start: number): readonly [event: StreamEvent, next: number] => {
  const first = events[start] as StreamEvent
  if (first._tag !== "TextDelta" && first._tag !== "ReasoningDelta") return [first, start + 1]
  let text = first.text
  let next = start + 1
  for (; next < events.length; next++) {
    const event = events[next] as StreamEvent
    if (event._tag !== first._tag || event.choice !== first.choice) break
    text += event.text
  }
  return [next === start + 1 ? first : { ...first, text }, next]
}

/**
 * Adds events that arrived together: the same as `step` for each, with one new
 * state for a run of text.
 *
 * @category combinators
 * @since 0.1.0
 */
export const steps = (fold: StreamFold, events: ReadonlyArray<StreamEvent>): StreamFold => {
  let state = fold
  for (let index = 0; index < events.length;) {
    const [event, next] = joinDeltas(events, index)
    state = step(state, event)
    index = next
  }
  return state
}

/** The calls in the order of their indices, without gaps. */
const toolCallsOf = (folded: FoldedChoice): ReadonlyArray<ToolCall> => Object.values(folded.toolCalls)

const choiceOf = (folded: FoldedChoice, index: number, finish: typeof Finish.Type): Choice => {
  const message: ResponseMessage = {
    role: "assistant",
    content: folded.content,
    ...(folded.reasoning === "" ? {} : { reasoning_content: folded.reasoning }),
    ...(folded.toolCalls.length === 0 ? {} : { tool_calls: toolCallsOf(folded) })
  }
  return { index, message, finish_reason: finish.finishReasons[index] ?? finish.finishReason }
}

/** The model that the host named only after the beginning, which has that of the request then. */
const lateModel = (start: typeof Start.Type, { model }: typeof Finish.Type) =>
  model === undefined || model === start.model ? {} : { model, requestedModel: start.requestedModel ?? start.model }

/**
 * The complete response, or none before `Finish`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toResponse = (fold: StreamFold): Option.Option<ChatResponse> => {
  const { start, finish, usage } = fold
  if (start === undefined || finish === undefined) return Option.none()
  // A choice without content is still a choice: `Finish` counts it.
  const others = Math.max(1, fold.choices.length, finish.finishReasons.length) - 1
  const choice = (index: number): Choice => choiceOf(fold.choices[index] ?? emptyChoice, index, finish)
  const { _tag, ...head } = start
  const { created, id, warnings } = finish
  return Option.some(
    new ChatResponse({
      ...head,
      ...(id === undefined ? {} : { id }),
      ...lateModel(start, finish),
      ...(created === undefined ? {} : { created }),
      ...(warnings === undefined ? {} : { warnings }),
      choices: [choice(0), ...Array.from({ length: others }, (_, i) => choice(i + 1))],
      ...(usage === undefined ? {} : { usage })
    })
  )
}

/**
 * The part of the first choice that was received so far, for an error.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toPartial = (fold: StreamFold): PartialResponse => {
  const folded = fold.choices[0] ?? emptyChoice
  return {
    content: folded.content,
    reasoning_content: folded.reasoning,
    tool_calls: toolCallsOf(folded).map(({ id, function: { name, arguments: args } }) => ({
      id,
      name,
      arguments: args
    })),
    ...(fold.usage === undefined
      ? {}
      : { usage: { prompt_tokens: fold.usage.prompt_tokens, completion_tokens: fold.usage.completion_tokens } }),
    ...(fold.start?.requestedModel === undefined ? {} : { model: fold.start.model })
  }
}

/**
 * Folds all events of a stream: the complete response, or none if `Finish` is missing.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fold = (events: Iterable<StreamEvent>): Option.Option<ChatResponse> => {
  let state = empty
  for (const event of events) state = step(state, event)
  return toResponse(state)
}

/**
 * Runs a stream of events to its end and returns the complete response. A stream
 * without `Start` or `Finish` fails with `StreamTruncatedError`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const collect = <E, R>(
  events: Stream.Stream<StreamEvent, E, R>
): Effect.Effect<ChatResponse, E | StreamTruncatedError, R> =>
  Effect.flatMap(
    Stream.runFold(events, () => empty, step),
    (state) =>
      Option.match(toResponse(state), {
        onSome: (response) => Effect.succeed(response),
        onNone: () => Effect.fail(new StreamTruncatedError({ message: "The stream has no beginning or no end" }))
      })
  )

const eventsOfChoice = ({ message }: Choice, choice: number): ReadonlyArray<StreamEvent> => [
  ...(message.reasoning_content === undefined
    ? []
    : [{ _tag: "ReasoningDelta" as const, choice, text: message.reasoning_content }]),
  ...(message.content === "" ? [] : [{ _tag: "TextDelta" as const, choice, text: message.content }]),
  ...(message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }, index) => ({
    _tag: "ToolCallDelta" as const,
    choice,
    index,
    id,
    name,
    arguments: args
  }))
]

/**
 * The events of a complete response, with one delta per text. Folding them returns
 * the response.
 *
 * @category conversions
 * @since 0.1.0
 */
export const toEvents = (response: ChatResponse): ReadonlyArray<StreamEvent> => {
  const { choices, usage, warnings, ...head } = response
  return [
    { _tag: "Start", ...head },
    ...choices.flatMap(eventsOfChoice),
    ...choices.flatMap(({ message }, choice) =>
      (message.tool_calls ?? []).map((call, index) => ({ _tag: "ToolCall" as const, choice, index, call }))
    ),
    ...(usage === undefined ? [] : [{ _tag: "Usage" as const, usage }]),
    {
      _tag: "Finish",
      finishReason: response.finishReason,
      finishReasons: choices.map((choice) => choice.finish_reason),
      ...(warnings === undefined ? {} : { warnings })
    }
  ]
}
