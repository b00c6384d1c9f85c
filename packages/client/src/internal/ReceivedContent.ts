/** What was received of one choice of a stream, to which a whole message of the same choice is compared. */
import type { ChatCompletionChunk, ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"
import { reasoningOf } from "./decodeCompletion.ts"
import type { PendingToolCall } from "./PendingToolCall.ts"
import { ReceivedText } from "./ReceivedText.ts"

type Delta = NonNullable<NonNullable<(typeof ChatCompletionChunk.Type)["choices"]>[number]["delta"]>
type WireCall = typeof ToolCallChunk.Type

/** The layout of JSON has no meaning. */
const canonical = (args: string): string => {
  try {
    return JSON.stringify(JSON.parse(args))
  } catch {
    return args
  }
}

const isSameCall = (wire: WireCall, call: PendingToolCall): boolean =>
  (wire.function?.name ?? "") === call.name &&
  canonical(wire.function?.arguments ?? "") === canonical(call.wholeArguments)

/** Whether each call of a message is one of those that were received. */
const areReceived = (wires: ReadonlyArray<WireCall>, calls: ReadonlyArray<PendingToolCall>): boolean => {
  const left = [...calls]
  return wires.every((wire) => {
    const at = left.findIndex((call) => isSameCall(wire, call))
    return at >= 0 && left.splice(at, 1).length === 1
  })
}

/** The content of one choice. */
export class ReceivedContent {
  readonly content = new ReceivedText()
  readonly reasoning = new ReceivedText()
  readonly refusal = new ReceivedText()

  /** Whether any text was received. */
  get hasText(): boolean {
    return !this.content.isEmpty || !this.reasoning.isEmpty || !this.refusal.isEmpty
  }

  /**
   * What a whole message has in addition to what was received; `undefined` if
   * it contradicts that. A member that the message lacks contradicts nothing.
   */
  restOf(message: Delta, calls: ReadonlyArray<PendingToolCall>): Delta | undefined {
    const content = this.content.restOf(message.content ?? "")
    const reasoning = this.reasoning.restOf(reasoningOf(message))
    const refusal = this.refusal.restOf(message.refusal ?? "")
    const wires = message.tool_calls ?? []
    if (content === undefined || reasoning === undefined || refusal === undefined) return undefined
    if (calls.length > 0 && !areReceived(wires, calls)) return undefined
    const { reasoning: _reasoning, reasoning_details: _details, ...rest } = message
    return { ...rest, content, reasoning_content: reasoning, refusal, tool_calls: calls.length > 0 ? [] : wires }
  }
}
