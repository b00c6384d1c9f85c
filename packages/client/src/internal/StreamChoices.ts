/** The choices of one stream: turns the deltas of each choice into events, within limits. */
import type { ChatCompletionChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { knownReason, reasoningOf, refusalReason } from "./decodeCompletion.ts"
import type { MarkupPolicy } from "./MarkupPolicy.ts"
import type { MarkupChannel } from "./MarkupChannel.ts"
import { MarkupScanner } from "./MarkupScanner.ts"
import { ReceivedContent } from "./ReceivedContent.ts"
import { maxToolCalls, ToolCallAssembler, type ToolNames } from "./toolCalls.ts"
import type { WholeMessage } from "./wholeChunk.ts"

type WireChoice = NonNullable<(typeof ChatCompletionChunk.Type)["choices"]>[number]
type WireDelta = NonNullable<WireChoice["delta"]>
type WireToolCall = NonNullable<WireDelta["tool_calls"]>[number]

/** Why a choice cannot be accepted. */
export type ChoiceProblem =
  | { readonly _tag: "index" | "whole message" | "tool call count" | "argument size" }
  | { readonly _tag: "markup" | "tool call"; readonly message: string }

const twoForms: ChoiceProblem = {
  _tag: "tool call",
  message: "A tool call follows another in the older form of the API, which may be the same"
}

/** How the choices of a stream are read. */
export interface ChoiceOptions {
  readonly maxArgumentLength: number
  readonly markup: MarkupPolicy
  readonly toolNames?: ToolNames | undefined
}

/** More choices than any request can ask for; limits what a hostile index can allocate. */
const maxChoices = 128

class ChoiceState {
  hasContent = false
  finishReason: string | undefined = undefined
  isRefusal = false
  /** Whether tool calls were read from markup. */
  hasMarkupCalls = false
  /** The use of a call in the older form of the API. */
  functionCall: "none" | "converted" | "ignored" = "none"
  /** The use of a whole message that came after a part of its content. */
  wholeMessage: "none" | "converted" | "ignored" = "none"
  readonly received = new ReceivedContent()
  readonly toolCalls: ToolCallAssembler
  /** None if markup is kept. */
  readonly markup: MarkupScanner | undefined

  constructor({ markup, toolNames }: ChoiceOptions) {
    this.toolCalls = new ToolCallAssembler(toolNames)
    this.markup = markup.mode === "keep" ? undefined : new MarkupScanner(markup)
  }

  /** Whether any text, reasoning or tool call was received. */
  get hasBegun(): boolean {
    return this.received.hasText || this.toolCalls.calls.length > 0
  }

  /** The finish reason of the host, or what the content amounts to. */
  get effectiveReason(): string {
    const reason = this.hasMarkupCalls && (this.finishReason ?? "stop") === "stop" ? "tool_calls" : this.finishReason
    return this.isRefusal ? refusalReason(reason) : (reason ?? "unknown")
  }
}

/** What a delta takes in memory without its text. */
const deltaBytes = 32

/** The state of all choices. Events are appended to the array that the caller passes. */
export class StreamChoices {
  /** An estimate of the memory that consumers need to keep all content. */
  heldBytes = 0
  readonly #states: Array<ChoiceState> = []
  readonly #options: ChoiceOptions

  constructor(options: ChoiceOptions) {
    this.#options = options
  }

  /** Whether any choice has text or tool calls. */
  get hasContent(): boolean {
    return this.#states.some((state) => state.hasContent)
  }

  /** The finish reason of every choice, in order. */
  get finishReasons(): ReadonlyArray<string> {
    return this.#states.map(({ effectiveReason }) => effectiveReason)
  }

  /** What was read from markup, or from the older form of the API. */
  get warnings(): ReadonlyArray<string> {
    return this.#states.flatMap(({ functionCall, markup, wholeMessage }) => [
      ...(wholeMessage === "none" ? [] : [`choices[].message: an object was ${wholeMessage}`]),
      ...(functionCall === "none" ? [] : [`choices[].delta.function_call: an object was ${functionCall}`]),
      ...(markup?.warnings ?? [])
    ])
  }

  /** Whether every choice with content has a finish reason from the host, and at least one choice has. */
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

  /**
   * Adds a chunk of one choice, whose delta may be a whole message. After a
   * problem, nothing more may be added.
   */
  add(wire: WireChoice, events: Array<StreamEvent>, whole?: WholeMessage): ChoiceProblem | undefined {
    const choice = wire.index ?? 0
    if (!Number.isInteger(choice) || choice < 0 || choice >= maxChoices) return { _tag: "index" }
    const state = this.#stateOf(choice)
    if (wire.finish_reason) state.finishReason = knownReason(wire.finish_reason) ?? undefined
    const { delta } = wire
    if (delta === undefined || delta === null) return undefined
    if (whole === undefined || !state.hasBegun) return this.#addDelta(state, choice, delta, events)
    return this.#addRest(state, choice, whole, delta, events)
  }

  #stateOf(choice: number): ChoiceState {
    while (this.#states.length <= choice) this.#states.push(new ChoiceState(this.#options))
    return this.#states[choice] ?? new ChoiceState(this.#options)
  }

  /** Appends the text that was held back. After it, the choices are known to be complete, or have a problem. */
  close(events: Array<StreamEvent>): ChoiceProblem | undefined {
    for (const [choice, state] of this.#states.entries()) {
      const problem = this.#closeChoice(state, choice, events)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  /** Appends the complete tool calls of all choices. */
  finish(events: Array<StreamEvent>): void {
    this.#states.forEach(({ toolCalls }, choice) => {
      toolCalls.calls.forEach((call, index) => {
        events.push({ _tag: "ToolCall", choice, index, call: toolCalls.resolve(call) })
      })
    })
  }

  #closeChoice(state: ChoiceState, choice: number, events: Array<StreamEvent>): ChoiceProblem | undefined {
    const { markup, toolCalls } = state
    if (markup !== undefined) {
      markup.finish(state.finishReason ?? "unknown", toolCalls.calls.length > 0, (channel, text) =>
        this.#addText(state, choice, channel, text, events)
      )
      if (markup.problem !== undefined) return { _tag: "markup", message: markup.problem }
      for (const call of markup.calls) {
        const index = toolCalls.addWhole(call)
        if (index === undefined) continue
        const problem = this.#onToolCall(state, choice, index, call.arguments, events)
        if (problem !== undefined) return problem
      }
      state.hasMarkupCalls = markup.calls.length > 0
    }
    return toolCalls.uncertain === undefined
      ? undefined
      : { _tag: "tool call", message: "The fragments of a tool call have several readings" }
  }

  /** A whole message repeats what was received, and may continue it. */
  #addRest(
    state: ChoiceState,
    choice: number,
    whole: WholeMessage,
    message: WireDelta,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    const rest = state.received.restOf(message, state.toolCalls.calls)
    if (rest === undefined && whole === "in place") return { _tag: "whole message" }
    const before = events.length
    const problem = rest === undefined ? undefined : this.#addDelta(state, choice, rest, events)
    state.wholeMessage = events.length > before ? "converted" : "ignored"
    return problem
  }

  #addDelta(
    state: ChoiceState,
    choice: number,
    delta: WireDelta,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    const reasoning = reasoningOf(delta)
    const { received } = state
    this.heldBytes += deltaBytes + 2 * (reasoning.length + (delta.content?.length ?? 0) + (delta.refusal?.length ?? 0))
    if (reasoning !== "") {
      received.reasoning.add(reasoning)
      this.#scanText(state, choice, "reasoning", reasoning, events)
    }
    if (delta.content) {
      received.content.add(delta.content)
      this.#scanText(state, choice, "content", delta.content, events)
    }
    if (delta.refusal) {
      state.isRefusal = true
      received.refusal.add(delta.refusal)
      this.#addText(state, choice, "content", delta.refusal, events)
    }
    for (const piece of delta.tool_calls ?? []) {
      const problem = this.#addToolCall(state, choice, piece, events)
      if (problem !== undefined) return problem
    }
    return delta.function_call ? this.#addFunctionCall(state, choice, delta.function_call, events) : undefined
  }

  /** A host that sends a call in both forms means one call, so that the older form counts only without the other. */
  #addFunctionCall(
    state: ChoiceState,
    choice: number,
    piece: NonNullable<WireDelta["function_call"]>,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    if (!piece.name && !piece.arguments) return undefined
    const hasCalls = state.functionCall === "none" && state.toolCalls.calls.length > 0
    if (hasCalls || state.functionCall === "ignored") {
      state.functionCall = "ignored"
      return undefined
    }
    state.functionCall = "converted"
    const args = piece.arguments ?? ""
    this.heldBytes += deltaBytes + 2 * args.length
    return this.#onToolCall(state, choice, state.toolCalls.add({ function: piece }), args, events)
  }

  #scanText(
    state: ChoiceState,
    choice: number,
    channel: MarkupChannel,
    text: string,
    events: Array<StreamEvent>
  ): void {
    const { markup } = state
    if (markup === undefined || markup.passes(channel, text)) return this.#addText(state, choice, channel, text, events)
    markup.feed(channel, text, (of, part) => this.#addText(state, choice, of, part, events))
  }

  #addText(state: ChoiceState, choice: number, channel: MarkupChannel, text: string, events: Array<StreamEvent>): void {
    if (channel === "content") state.hasContent = true
    events.push({ _tag: channel === "content" ? "TextDelta" : "ReasoningDelta", choice, text })
  }

  #addToolCall(
    state: ChoiceState,
    choice: number,
    piece: WireToolCall,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    const args = piece.function?.arguments ?? ""
    // Some hosts send empty entries next to text.
    this.heldBytes += deltaBytes + 2 * args.length
    if (!piece.id && !piece.type && !piece.function?.name && args === "") return undefined
    // The pieces of the older form were emitted, and it is not known which of them this one repeats.
    if (state.functionCall === "converted") return twoForms
    return this.#onToolCall(state, choice, state.toolCalls.add(piece), args, events)
  }

  #onToolCall(
    state: ChoiceState,
    choice: number,
    index: number,
    args: string,
    events: Array<StreamEvent>
  ): ChoiceProblem | undefined {
    state.hasContent = true
    const call = state.toolCalls.calls[index]
    if (call === undefined || state.toolCalls.calls.length > maxToolCalls) return { _tag: "tool call count" }
    if (call.arguments.length > this.#options.maxArgumentLength) return { _tag: "argument size" }
    events.push({ _tag: "ToolCallDelta", choice, index, id: call.id, name: call.name, arguments: args })
    return undefined
  }
}
