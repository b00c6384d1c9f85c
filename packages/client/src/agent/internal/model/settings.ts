/** What a language model adds to each of its requests. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import type { Provider } from "../../../Provider.ts"

/**
 * Members of the request that prompts and toolkits do not determine, and how
 * the model is used.
 */
export interface Settings extends Omit<
  ChatRequest,
  "messages" | "tools" | "tool_choice" | "response_format" | "n" | "max_tokens"
> {
  /**
   * How `generateObject` asks for JSON: by a schema that the host enforces, or
   * by the schema in the prompt. Defaults to `json_schema`, or to `json_object`
   * where the model is known not to support the former or the request is refused
   * because of it, which costs nothing.
   */
  readonly objectFormat?: "json_schema" | "json_object" | undefined
  /**
   * The host of the client, whose rules tool names and parameters follow. Defaults to the one of the `HostApi` in the
   * context, and to Moonshot.
   */
  readonly provider?: Provider | undefined
  /** How many tools of a response run at the same time when the call gives no `concurrency`. Defaults to 10. */
  readonly toolConcurrency?: number | "unbounded" | undefined
}

/** Settings whose host is known. */
export interface KnownSettings extends Settings {
  readonly provider: Provider
}
