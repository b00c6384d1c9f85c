/** The choices of one stream: turns the deltas of each choice into events, within limits. */
import type { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { reasoningOf } from "./decodeCompletion.ts"
import { maxToolCalls, ToolCallAssembler, toToolCall } from "./toolCalls.ts"

type WireChoice = NonNullable<(typeof ChatCompletionChunk.Type)["choices"]>[number]
type WireDelta = NonNullable<WireChoice["delta"]>
type WireToolCall = NonNullable<WireDelta["tool_calls"]>[number]

/** Why a choice cannot be accepted. */
export type ChoiceProblem = "index" | "tool call count" | "argument size"

/** More choices than any request can ask for; limits what a hostile index can allocate. */
const maxChoices = 128

class ChoiceState {
  hasContent = false
  finishReason: string | undefined = undefined
  readonly toolCalls = new ToolCallAssembler()
}

/** The state of all choices. Events are appended to the array that the caller passes. */
export class StreamChoices {
  readonly #states: Array<ChoiceState> = []
  readonly #maxArgumentLength: number

  constructor(maxArgumentLength: number) {
    this.#maxArgumentLength = maxArgumentLength
  }

  /** Whether any choice has text or tool calls. */
  get hasContent(): boolean {
    return this.#states.some((state) => state.hasContent)
  }

  /** The finish reason of every choice, in order. */
  get finishReasons(): ReadonlyArray<string> {
    return this.#states.map((state) => state.finishReason ?? "unknown")
  }

  /** Whether every choice with content has a finish reason, and at least one choice has. */
  get hasFinishReasons(): boolean {
    return (
      this.#states.some(({ finishReason }) => finishReason !== undefined) &&
      this.#states.every(({ finishReason, hasContent }) => finishReason !== undefined || !hasContent)
    )
  }

  /** Whether this many choices have begun, and every one has a finish reason. */
  areFinished(count: number): boolean {
    return this.#states.length >= count && this.#states.every(({ finishReason }) => finishReason !== undefined)
  }

  /** Adds a chunk of one choice. After a problem, nothing more may be added. */
  add(wire: WireChoice, events: Array<StreamEvent>): ChoiceProblem | undefined {
    const choice = wire.index ?? 0
    if (!Number.isInteger(choice) || choice < 0 || choice >= maxChoices) return "index"
    while (this.#states.length <= choice) this.#states.push(new ChoiceState())
    const state = this.#states[choice] ?? new ChoiceState()
    if (wire.finish_reason) state.finishReason = wire.finish_reason
    const { delta } = wire
    return delta === undefined || delta === null ? undefined : this.#addDelta(state, choice, delta, events)
  }

  /** Appends the complete tool calls of all choices. */
  finish(events: Array<StreamEvent>): void {
    this.#states.forEach(({ toolCalls }, choice) => {
      toolCalls.calls.forEach((call, index) => {
        events.push({ _tag: "ToolCall", choice, index, call: toToolCall(call) })
      })
    })
  }

  #addDelta(
    state: ChoiceState,
    choice: number,
    delta: WireDelta,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    const reasoning = reasoningOf(delta)
    if (reasoning !== "") events.push({ _tag: "ReasoningDelta", choice, text: reasoning })
    if (delta.content) {
      state.hasContent = true
      events.push({ _tag: "TextDelta", choice, text: delta.content })
    }
    if (!delta.tool_calls) return undefined
    for (const piece of delta.tool_calls) {
      const problem = this.#addToolCall(state, choice, piece, events)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  #addToolCall(
    state: ChoiceState,
    choice: number,
    piece: WireToolCall,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    state.hasContent = true
    const index = state.toolCalls.add(piece)
    const call = state.toolCalls.calls[index]
    if (call === undefined || state.toolCalls.calls.length > maxToolCalls) return "tool call count"
    if (call.arguments.length > this.#maxArgumentLength) return "argument size"
    const args = piece.function?.arguments ?? ""
    events.push({ _tag: "ToolCallDelta", choice, index, id: call.id, name: call.name, arguments: args })
    return undefined
  }
}
