/**
 * The hosts that serve Kimi models, and how their APIs differ.
 *
 * @since 0.1.0
 */
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"

/**
 * The description of a host. A host that is not listed is `custom` with a base URL.
 *
 * @category models
 * @since 0.1.0
 */
export interface Provider {
  /** Name in errors, responses and prices. */
  readonly id: KimiConfig.ProviderId
  /** Base URL of the API, with its version and without a trailing slash. */
  readonly baseUrl: string
  /** Model of requests without a model. */
  readonly defaultModel: string
  /** Member of an assistant message that sends its reasoning back to the host. Responses are read with either. */
  readonly reasoningMember: "reasoning_content" | "reasoning"
  /** How thinking is configured: Moonshot's members, a `reasoning` object, or only `reasoning_effort`. */
  readonly thinkingDialect: "moonshot" | "reasoning object" | "effort"
  /** Member that limits the output tokens. */
  readonly maxTokensMember: "max_completion_tokens" | "max_tokens"
  /** Whether Moonshot's rules for each model apply. Other hosts run the open weights and are less strict. */
  readonly isMoonshot: boolean
  /** Whether images and videos can be http(s) URLs, which the host fetches. */
  readonly supportsRemoteMedia: boolean
  /** The ids of models for which the host ignores the response format `json_schema`. */
  readonly ignoresJsonSchema?: RegExp | undefined
  /** Whether the host offers token estimates and the balance. */
  readonly hasAccountApi: boolean
  /** The proxy through which the host is called, without its credentials. */
  readonly proxy?: string | undefined
}

const moonshot: Provider = {
  id: "moonshot",
  baseUrl: "https://api.moonshot.ai/v1",
  defaultModel: "kimi-k3",
  reasoningMember: "reasoning_content",
  thinkingDialect: "moonshot",
  maxTokensMember: "max_completion_tokens",
  isMoonshot: true,
  supportsRemoteMedia: false,
  hasAccountApi: true
}

/**
 * All described hosts. Sources: Moonshot's API reference; Together's Kimi
 * guide (`reasoning` next to `content`); OpenRouter's page on reasoning tokens
 * (the `reasoning` object); Ollama's OpenAI-compatible API (`reasoning`,
 * `reasoning_effort: "none"`) and its page on structured outputs (models of its
 * cloud do not support them).
 *
 * @category models
 * @since 0.1.0
 */
export const providers: { readonly [Id in KimiConfig.ProviderId]: Provider } = {
  moonshot,
  "moonshot-cn": { ...moonshot, id: "moonshot-cn", baseUrl: "https://api.moonshot.cn/v1" },
  together: {
    id: "together",
    baseUrl: "https://api.together.xyz/v1",
    defaultModel: "moonshotai/Kimi-K2.5",
    reasoningMember: "reasoning",
    thinkingDialect: "reasoning object",
    maxTokensMember: "max_tokens",
    isMoonshot: false,
    supportsRemoteMedia: true,
    hasAccountApi: false
  },
  openrouter: {
    id: "openrouter",
    baseUrl: "https://openrouter.ai/api/v1",
    defaultModel: "moonshotai/kimi-k2.5",
    reasoningMember: "reasoning",
    thinkingDialect: "reasoning object",
    maxTokensMember: "max_tokens",
    isMoonshot: false,
    supportsRemoteMedia: true,
    hasAccountApi: false
  },
  ollama: {
    id: "ollama",
    baseUrl: "http://localhost:11434/v1",
    defaultModel: "kimi-k2.5:cloud",
    reasoningMember: "reasoning",
    thinkingDialect: "effort",
    maxTokensMember: "max_tokens",
    isMoonshot: false,
    supportsRemoteMedia: false,
    ignoresJsonSchema: /[:-]cloud$/i,
    hasAccountApi: false
  },
  custom: { ...moonshot, id: "custom", isMoonshot: false, supportsRemoteMedia: true }
}

/**
 * The host of a configuration, at its configured base URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (config: KimiConfig.Values): Provider => {
  const provider = providers[config.provider]
  return config.baseUrl === undefined ? provider : { ...provider, baseUrl: config.baseUrl.replace(/\/+$/, "") }
}
