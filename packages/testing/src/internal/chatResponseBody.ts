/** Builds the wire body of a chat completion from what the model answers. */
import type * as Schema from "effect/Schema"

/** What the model answers, with the names of the wire. */
export interface ChatResponseFields {
  /** Defaults to `""`. */
  readonly content?: string | undefined
  /** Defaults to none. */
  readonly reasoning_content?: string | undefined
  /** Calls by function name; `arguments` is JSON text. Ids are `<name>_<n>`, in Kimi's format. Defaults to none. */
  readonly tool_calls?: ReadonlyArray<{ readonly name: string; readonly arguments: string }> | undefined
  /** Defaults to `tool_calls` when there are tool calls, otherwise to `stop`. */
  readonly finish_reason?: string | undefined
  /** Defaults to the requested one; `kimi-k3` where no request is known. */
  readonly model?: string | undefined
  /** Tokens. Defaults to 88 prompt tokens, none of them cached, and 40 completion tokens, none of them reasoning. */
  readonly usage?: UsageFields | undefined
}

interface UsageFields {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly cached_tokens?: number
  readonly reasoning_tokens?: number
}

/** The body of a chat completion with one choice. */
export const make = (fields: ChatResponseFields): Schema.Json => ({
  id: "chatcmpl-6a97653c31b3adf613a7661f",
  object: "chat.completion",
  created: 1788306750,
  model: fields.model ?? "kimi-k3",
  choices: [
    {
      index: 0,
      message: messageOf(fields),
      finish_reason: fields.finish_reason ?? ((fields.tool_calls ?? []).length === 0 ? "stop" : "tool_calls")
    }
  ],
  usage: usageOf(fields.usage ?? { prompt_tokens: 88, completion_tokens: 40 })
})

const messageOf = ({ content, reasoning_content, tool_calls = [] }: ChatResponseFields): Schema.Json => ({
  role: "assistant",
  content: content ?? "",
  ...(reasoning_content === undefined ? {} : { reasoning_content }),
  ...(tool_calls.length === 0
    ? {}
    : {
        tool_calls: tool_calls.map((call, index) => ({
          function: { arguments: call.arguments, name: call.name },
          id: `${call.name}_${index}`,
          index,
          type: "function"
        }))
      })
})

const usageOf = ({ cached_tokens = 0, reasoning_tokens, ...tokens }: UsageFields): Schema.Json => ({
  prompt_tokens: tokens.prompt_tokens,
  completion_tokens: tokens.completion_tokens,
  total_tokens: tokens.prompt_tokens + tokens.completion_tokens,
  ...(cached_tokens > 0 ? { cached_tokens, prompt_tokens_details: { cached_tokens } } : {}),
  ...(reasoning_tokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens } })
})
