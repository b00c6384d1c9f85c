/**
 * The metadata of a response: its origin, usage and finish reasons. It holds no
 * content unless content is captured.
 *
 * @since 0.1.0
 */
import type { CacheStatus } from "../../../models/CacheStatus.ts"
import type { ChatResponse } from "../../../models/ChatResponse.ts"
import { isContent, type StreamEvent } from "../../../models/StreamEvent.ts"
import * as HostWords from "../../../models/internal/HostWords.ts"
import type { Message } from "../../../models/Message.ts"
import * as StreamFold from "../../../models/StreamFold.ts"
import type { Usage } from "../../../models/Usage.ts"

/**
 * The metadata of a response.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResponseMetadata {
  readonly id: string | undefined
  readonly model: string | undefined
  readonly provider: string | undefined
  readonly requestId: string | undefined
  readonly traceId: string | undefined
  readonly cached: CacheStatus | undefined
  readonly usage: Usage | undefined
  readonly finishReasons: ReadonlyArray<string>
}

/**
 * The metadata of a call without a response.
 *
 * @category constants
 * @since 0.1.0
 */
export const empty: ResponseMetadata = {
  id: undefined,
  model: undefined,
  provider: undefined,
  requestId: undefined,
  traceId: undefined,
  cached: undefined,
  usage: undefined,
  finishReasons: []
}

type Head = Partial<Pick<ChatResponse, "id" | "model" | "provider" | "requestId" | "requestedModel" | "traceId">>

/** A model that was requested is the caller's own word. */
const modelOf = ({ model, requestedModel }: Head, messages: ReadonlyArray<Message>): string | undefined =>
  model === undefined || requestedModel === undefined ? model : HostWords.toModelName(model, messages)

/** What the host chose freely. Values without the form of an id, a name or a reason may hold content, and are omitted. */
const headOf = (head: Head, messages: ReadonlyArray<Message>) => ({
  id: HostWords.toId(head.id, messages),
  model: modelOf(head, messages),
  provider: head.provider,
  requestId: HostWords.toId(head.requestId, messages),
  traceId: HostWords.toId(head.traceId, messages)
})

const toFinishReasons = (reasons: ReadonlyArray<string>, messages: ReadonlyArray<Message>): ReadonlyArray<string> =>
  reasons.map((reason) => HostWords.toFinishReason(reason, messages) ?? "unknown")

/**
 * The metadata of a response to a conversation.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromResponse = (response: ChatResponse, messages: ReadonlyArray<Message>): ResponseMetadata => ({
  ...headOf(response, messages),
  cached: response.cached,
  usage: response.usage,
  finishReasons: toFinishReasons(
    response.choices.map(({ finish_reason }) => finish_reason),
    messages
  )
})

/**
 * What the metrics need of a response to a conversation. The ids are compared
 * with the whole conversation, which is in vain where only metrics are recorded.
 *
 * @category constructors
 * @since 0.1.0
 */
export const forMetrics = (response: ChatResponse, messages: ReadonlyArray<Message>): ResponseMetadata => ({
  ...empty,
  model: modelOf(response, messages),
  provider: response.provider,
  cached: response.cached,
  usage: response.usage
})

/**
 * Collects the metadata of a stream.
 *
 * @category models
 * @since 0.1.0
 */
export class StreamMetadata {
  metadata: ResponseMetadata = empty
  hasContent = false
  /** Present if content is captured. */
  fold: StreamFold.StreamFold | undefined

  readonly #messages: ReadonlyArray<Message>

  /** `messages` is the conversation, which no id may quote. */
  constructor(isCaptured: boolean, messages: ReadonlyArray<Message>) {
    this.#messages = messages
    this.fold = isCaptured ? StreamFold.empty : undefined
  }

  /** Adds the events of a read. Returns whether they contain the first content. */
  addEvents(read: ReadonlyArray<StreamEvent>): boolean {
    const had = this.hasContent
    for (const event of read) {
      if (this.fold !== undefined) this.fold = StreamFold.step(this.fold, event)
      switch (event._tag) {
        case "Usage":
          this.metadata = { ...this.metadata, usage: event.usage }
          break
        case "Finish":
          this.metadata = { ...this.metadata, finishReasons: toFinishReasons(event.finishReasons, this.#messages) }
          break
        case "Start":
          this.metadata = { ...this.metadata, ...headOf(event, this.#messages), cached: event.cached }
          break
        case "Resume":
          this.metadata = { ...this.metadata, ...headOf(event, this.#messages), cached: undefined }
          break
        default:
          this.hasContent ||= isContent(event)
      }
    }
    return this.hasContent && !had
  }
}
