/**
 * What one attempt of a stream has received so far: only what recovery and
 * accounting need, so that an event costs next to nothing.
 *
 * @since 0.1.0
 */
import type { Start, StreamEvent, Usage } from "../../models/StreamEvent.ts"
import type { ModelRequest } from "../../models/ChatRequest.ts"
import * as TokenUsage from "../../models/Usage.ts"
import * as TokenCount from "../../TokenCount.ts"

/**
 * A record of one attempt, updated with each event.
 *
 * @category models
 * @since 0.1.0
 */
export class Transcript {
  start: typeof Start.Type | undefined = undefined
  /** What the host reported. */
  usage: typeof Usage.Type | undefined = undefined
  /** The text of every choice, in the order of its events. */
  content = ""
  /** The reasoning of every choice, in the order of its events. */
  reasoning = ""
  /** The arguments of every tool call, in the order of their events. */
  toolArguments = ""
  /** Whether the model has generated anything. */
  hasContent = false
  /** Whether a tool call has begun. */
  hasToolCalls = false
  /** Whether there were no events for any choice but the first. */
  isSingleChoice = true
  /** Whether the consumer has received what it may have acted on: a completed tool call, or the end. */
  isCommitted = false
  /** Whether the response is complete. */
  hasFinished = false
  /** The model that the host named only at the end. */
  lateModel: string | undefined = undefined

  /** The model as the host names it, if the request names another. */
  get servedModel(): string | undefined {
    const { start } = this
    if (this.lateModel !== undefined && this.lateModel !== start?.model) return this.lateModel
    return start?.requestedModel === undefined ? undefined : start.model
  }

  /** Adds an event. */
  add(event: StreamEvent): void {
    switch (event._tag) {
      case "TextDelta":
        this.content += event.text
        this.hasContent = true
        break
      case "ReasoningDelta":
        this.reasoning += event.text
        this.hasContent = true
        break
      case "ToolCallDelta":
        this.toolArguments += event.arguments
        this.hasToolCalls = true
        this.hasContent = true
        break
      case "Start":
        this.start = event
        return
      case "Usage":
        this.usage = event
        return
      case "ToolCall":
        this.isCommitted = true
        return
      case "Finish":
        this.isCommitted = true
        this.hasFinished = true
        this.lateModel = event.model
        return
      case "Reset":
        Object.assign(this, new Transcript())
        return
      case "Resume":
        return
    }
    if (event.choice !== 0) this.isSingleChoice = false
  }

  /** What the attempt of a request will be billed for: what the host reported, or an estimate of what was received. */
  billedUsage(request: ModelRequest, promptTokens?: number) {
    const { isEstimate, usage } = TokenUsage.orEstimate(
      this.usage?.usage,
      () => {
        const reasoning = TokenCount.ofText(this.reasoning)
        const completion = reasoning + TokenCount.ofText(this.content) + TokenCount.ofText(this.toolArguments)
        return TokenUsage.fromTokens(promptTokens ?? TokenCount.ofPrompt(request), completion, reasoning)
      },
      () => TokenCount.maxCompletion(request)
    )
    return { usage, isEstimate: isEstimate || this.usage?.isEstimate === true }
  }
}
