/**
 * The hosts that serve Kimi models, and how each of them differs on the wire.
 *
 * @since 0.1.0
 */
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"

/**
 * A host, as data. A host that is not listed is `custom` with a base URL.
 *
 * @category models
 * @since 0.1.0
 */
export interface Provider {
  /** Name in errors, answers and prices. */
  readonly id: KimiConfig.ProviderId
  /** Where the API lives, with its version and without a slash at the end. */
  readonly baseUrl: string
  /** Model of requests that name none. */
  readonly defaultModel: string
  /** Member of an assistant message that carries its reasoning back to the host. All are read. */
  readonly reasoningMember: "reasoning_content" | "reasoning"
  /** How thinking is switched: Moonshot's own members, a `reasoning` object, or `reasoning_effort` alone. */
  readonly thinkingDialect: "moonshot" | "reasoning object" | "effort"
  /** Member that bounds the output. */
  readonly maxTokensMember: "max_completion_tokens" | "max_tokens"
  /** Whether requests must keep Moonshot's rules of each model; other hosts run open weights and are laxer. */
  readonly isMoonshot: boolean
  /** Whether images and videos may be given by http(s) URL, which the host then fetches. */
  readonly supportsRemoteMedia: boolean
  /** Whether the host counts tokens and tells the balance. */
  readonly hasAccountApi: boolean
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
 * Every described host. Sources: Moonshot's API reference; Together's Kimi
 * guide (`reasoning` beside `content`); OpenRouter's page on reasoning tokens
 * (the `reasoning` object); Ollama's OpenAI-compatible API (`reasoning`,
 * `reasoning_effort: "none"`).
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
    hasAccountApi: false
  },
  custom: { ...moonshot, id: "custom", isMoonshot: false, supportsRemoteMedia: true }
}

/**
 * The host that a configuration names, at its configured base URL.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromConfig = (config: KimiConfig.Values): Provider => {
  const provider = providers[config.provider]
  return config.baseUrl === undefined ? provider : { ...provider, baseUrl: config.baseUrl.replace(/\/+$/, "") }
}
