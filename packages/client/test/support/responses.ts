/** Responses of a model, whole or as events, with defaults for all members. */
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { fromTokens, type Usage } from "@kimi-effect/core/Usage"

/** The members of a response that a test can set. */
export interface ResponseOptions {
  /** Defaults to `chatcmpl-1`. */
  readonly id?: string
  /** Defaults to `kimi-k3`. */
  readonly model?: string
  /** Defaults to `hello`. */
  readonly content?: string
  /** Defaults to `stop`. */
  readonly finishReason?: string
  readonly provider?: string
  readonly requestId?: string
  /** Defaults to none. */
  readonly usage?: Usage
}

/** Usage of so many tokens, none of them cached or for reasoning. */
export const usageOf = fromTokens

/** A whole response of one choice. */
export const responseOf = ({
  content = "hello",
  finishReason = "stop",
  id = "chatcmpl-1",
  model = "kimi-k3",
  ...rest
}: ResponseOptions = {}): ChatResponse =>
  new ChatResponse({
    id,
    model,
    created: 1,
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: finishReason }],
    ...rest
  })

/** The events of that response: `Start`, one `TextDelta`, `Usage` if there is one, `Finish`. */
export const eventsOf = (options?: ResponseOptions): ReadonlyArray<StreamEvent> =>
  StreamFold.toEvents(responseOf(options))

/** The first event of a stream. */
export const startEvent = ({ id = "chatcmpl-1", model = "kimi-k3", ...rest }: ResponseOptions = {}): StreamEvent => ({
  _tag: "Start",
  id,
  model,
  created: 1,
  ...rest
})

/** A piece of text. */
export const textDelta = (text: string): StreamEvent => ({ _tag: "TextDelta", choice: 0, text })

/** The last event of a stream. */
export const finishEvent: StreamEvent = { _tag: "Finish", finishReason: "stop", finishReasons: ["stop"] }
