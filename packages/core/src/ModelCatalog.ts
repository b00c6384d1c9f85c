/**
 * The known models. Data only.
 *
 * Ids are open strings. Models that are not listed here work too; their
 * capabilities are unknown, so their requests are not checked before sending.
 *
 * Source of the figures: Moonshot's models overview, pricing and limits pages
 * and OpenAPI file as published up to November 2026, corrected by recorded
 * traffic; prices of kimi-k3.1-pro from resellers' price lists.
 *
 * @since 0.1.0
 */

/**
 * The prices of a model at one host per million tokens, as decimals.
 *
 * @category models
 * @since 0.1.0
 */
export interface Price {
  /** The provider id of the host. */
  readonly provider: string
  readonly currency: "USD" | "CNY"
  /** First day of this price, `YYYY-MM-DD`; absent if no earlier price is known. */
  readonly from?: string
  /** Prompt tokens read from the cache. Absent if the host has no cache. */
  readonly cacheHit?: string
  /** Prompt tokens not read from the cache. */
  readonly cacheMiss: string
  /** Generated tokens, including reasoning. */
  readonly output: string
  /** Prompt tokens written to the five-minute cache, if they cost extra. */
  readonly cacheWrite?: string
  /** Prompt tokens written to the one-hour cache, if they cost extra. Absent if they cost as much as `cacheWrite`, or if no price is known. */
  readonly cacheWrite1h?: string
}

/**
 * Whether Moonshot still serves a model.
 *
 * @category models
 * @since 0.1.0
 */
export type Lifecycle =
  | {
      readonly state: "live"
      /** The announced last day, `YYYY-MM-DD`. */
      readonly retiresOn?: string
      readonly successor?: string
    }
  | { readonly state: "retired"; readonly retiredOn: string; readonly successor: string }

/**
 * The capabilities of a model and the parameters that it accepts at Moonshot.
 *
 * @category models
 * @since 0.1.0
 */
export interface Capabilities {
  /** How thinking is controlled: by `reasoning_effort`, by `thinking`, always on, or not available. */
  readonly thinking: "effort" | "switch" | "always" | "none"
  /** Whether `thinking.keep: "all"` is accepted. */
  readonly supportsThinkingKeep: boolean
  /** The only accepted values of sampling parameters; absent if they are unrestricted. */
  readonly sampling?: { readonly temperature: number; readonly temperatureNotThinking?: number; readonly topP: number }
  /** Whether `tool_choice: "required"` is accepted. */
  readonly toolChoiceRequired: "yes" | "no" | "not thinking"
  /** Whether a named tool is accepted in `tool_choice`. */
  readonly toolChoiceNamed: "yes" | "no" | "not thinking"
  readonly image: boolean
  readonly video: boolean
  /** Whether `response_format` of type `json_schema` is accepted. */
  readonly jsonSchema: boolean
  /** Whether system messages may load tools with a member `tools`. */
  readonly dynamicTools: boolean
  /** Whether `logprobs` are rejected. */
  readonly rejectsLogprobs: boolean
  /** Whether the host runs batches of it. That it has a price for batches does not mean so. Source: guide to batches, September 2026. */
  readonly batch: boolean
}

/**
 * The values of `reasoning_effort` at Moonshot, from the least thinking to the most.
 *
 * @category constants
 * @since 0.1.0
 */
export const reasoningEfforts = ["low", "high", "max"] as const

/**
 * The values of `reasoning_effort` at any of the hosts, from the least thinking to
 * the most. Which of them a model has depends on its host (sources: OpenRouter's
 * page on reasoning tokens; Ollama's OpenAI-compatible API).
 *
 * @category constants
 * @since 0.1.0
 */
export const hostReasoningEfforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const

/**
 * One model.
 *
 * @category models
 * @since 0.1.0
 */
export interface KnownModel {
  readonly id: string
  /** Window in tokens, prompt and output together. */
  readonly contextWindow: number
  /** Output tokens if the request has no maximum; the rest of the window if absent. */
  readonly defaultMaxOutput?: number
  /** Maximum output tokens of a request; the window if absent. */
  readonly maxOutput?: number
  readonly capabilities: Capabilities
  readonly lifecycle: Lifecycle
  /** The newest price of a host is last. */
  readonly prices: ReadonlyArray<Price>
}

const k3: Capabilities = {
  thinking: "effort",
  supportsThinkingKeep: false,
  sampling: { temperature: 1, topP: 0.95 },
  toolChoiceRequired: "yes",
  toolChoiceNamed: "no",
  image: true,
  video: true,
  jsonSchema: true,
  dynamicTools: true,
  rejectsLogprobs: true,
  batch: false
}

const k27: Capabilities = {
  ...k3,
  thinking: "always",
  toolChoiceRequired: "no",
  dynamicTools: false,
  rejectsLogprobs: false,
  batch: true
}

const k26: Capabilities = {
  ...k27,
  thinking: "switch",
  supportsThinkingKeep: true,
  sampling: { temperature: 1, temperatureNotThinking: 0.6, topP: 0.95 },
  toolChoiceRequired: "not thinking",
  toolChoiceNamed: "not thinking"
}

const k25: Capabilities = { ...k26, supportsThinkingKeep: false, batch: false }

const k2: Capabilities = {
  thinking: "none",
  supportsThinkingKeep: false,
  toolChoiceRequired: "yes",
  toolChoiceNamed: "yes",
  image: false,
  video: false,
  jsonSchema: true,
  dynamicTools: false,
  rejectsLogprobs: false,
  batch: false
}

const k2Thinking: Capabilities = { ...k2, thinking: "always", toolChoiceRequired: "no", toolChoiceNamed: "no" }

const v1: Capabilities = { ...k2, toolChoiceRequired: "no", toolChoiceNamed: "no" }

const usd = (cacheMiss: string, output: string, cacheHit?: string, cacheWrite?: string, from?: string): Price => ({
  provider: "moonshot",
  currency: "USD",
  cacheMiss,
  output,
  ...(cacheHit === undefined ? {} : { cacheHit }),
  ...(cacheWrite === undefined ? {} : { cacheWrite }),
  ...(from === undefined ? {} : { from })
})

const cny = (cacheMiss: string, output: string, cacheHit: string): Price => ({
  provider: "moonshot-cn",
  currency: "CNY",
  cacheMiss,
  output,
  cacheHit
})

const active: Lifecycle = { state: "live" }
const retiring: Lifecycle = { state: "live", retiresOn: "2026-12-31", successor: "kimi-k3" }
const retired = (retiredOn: string, successor = "kimi-k3"): Lifecycle => ({ state: "retired", retiredOn, successor })

const window1M = 1_048_576
const window256K = 262_144

/**
 * Every known model.
 *
 * @category models
 * @since 0.1.0
 */
export const knownModels: ReadonlyArray<KnownModel> = [
  {
    id: "kimi-k3.1-pro",
    contextWindow: window1M,
    defaultMaxOutput: 131_072,
    capabilities: k3,
    lifecycle: active,
    prices: [usd("2.00", "10.00", "0.20", "2.00")]
  },
  {
    id: "kimi-k3.1-pro-highspeed",
    contextWindow: window1M,
    defaultMaxOutput: 131_072,
    capabilities: k3,
    lifecycle: active,
    prices: [usd("4.00", "20.00", "0.20", "4.00")]
  },
  {
    id: "kimi-k3",
    contextWindow: window1M,
    defaultMaxOutput: 131_072,
    maxOutput: window1M,
    capabilities: k3,
    lifecycle: active,
    prices: [
      usd("3.00", "15.00", "0.30"),
      { ...usd("3.00", "15.00", "0.30", "3.00", "2026-09-01"), cacheWrite1h: "6.00" },
      cny("20", "100", "2")
    ]
  },
  {
    id: "kimi-k2.7-code",
    contextWindow: window256K,
    defaultMaxOutput: 32_768,
    capabilities: k27,
    lifecycle: retiring,
    prices: [usd("0.95", "4.00", "0.19"), cny("6.50", "27", "1.30")]
  },
  {
    id: "kimi-k2.7-code-highspeed",
    contextWindow: window256K,
    defaultMaxOutput: 32_768,
    capabilities: { ...k27, batch: false },
    lifecycle: retiring,
    prices: [usd("1.90", "8.00", "0.38"), cny("13", "54", "2.60")]
  },
  {
    id: "kimi-k2.6",
    contextWindow: window256K,
    defaultMaxOutput: 32_768,
    capabilities: k26,
    lifecycle: retiring,
    prices: [usd("0.95", "4.00", "0.16"), cny("6.50", "27", "1.10")]
  },
  {
    id: "kimi-k2.5",
    contextWindow: window256K,
    defaultMaxOutput: 32_768,
    capabilities: k25,
    lifecycle: retired("2026-08-31"),
    prices: [usd("0.60", "3.00", "0.10"), cny("4", "21", "0.70")]
  },
  {
    id: "kimi-k2-0905-preview",
    contextWindow: window256K,
    capabilities: k2,
    lifecycle: retired("2026-05-25"),
    prices: [usd("0.60", "2.50", "0.15")]
  },
  {
    id: "kimi-k2-0711-preview",
    contextWindow: 131_072,
    capabilities: k2,
    lifecycle: retired("2026-05-25"),
    prices: [usd("0.60", "2.50", "0.15")]
  },
  {
    id: "kimi-k2-turbo-preview",
    contextWindow: window256K,
    capabilities: k2,
    lifecycle: retired("2026-05-25"),
    prices: [usd("1.15", "8.00", "0.15")]
  },
  {
    id: "kimi-k2-thinking",
    contextWindow: window256K,
    capabilities: k2Thinking,
    lifecycle: retired("2026-05-25"),
    prices: [usd("0.60", "2.50", "0.15")]
  },
  {
    id: "kimi-k2-thinking-turbo",
    contextWindow: window256K,
    capabilities: k2Thinking,
    lifecycle: retired("2026-05-25"),
    prices: [usd("1.15", "8.00", "0.15")]
  },
  ...(
    [
      ["8k", 8_192, "0.20", "2.00"],
      ["32k", 32_768, "1.00", "3.00"],
      ["128k", 131_072, "2.00", "5.00"]
    ] as const
  ).flatMap(([size, contextWindow, cacheMiss, output]): ReadonlyArray<KnownModel> => {
    const model: KnownModel = {
      id: `moonshot-v1-${size}`,
      contextWindow,
      capabilities: v1,
      lifecycle: retired("2026-08-31"),
      prices: [usd(cacheMiss, output)]
    }
    return [model, { ...model, id: `${model.id}-vision-preview`, capabilities: { ...v1, image: true } }]
  }),
  {
    id: "moonshot-v1-auto",
    contextWindow: 131_072,
    capabilities: v1,
    lifecycle: retired("2026-08-31"),
    prices: []
  },
  {
    id: "kimi-latest",
    contextWindow: 131_072,
    capabilities: { ...v1, image: true },
    lifecycle: retired("2026-01-28"),
    prices: []
  },
  {
    id: "kimi-thinking-preview",
    contextWindow: 131_072,
    capabilities: { ...k2Thinking, image: true },
    lifecycle: retired("2025-11-11"),
    prices: []
  }
]

const byId: ReadonlyMap<string, KnownModel> = new Map(knownModels.map((model) => [model.id, model]))

/**
 * The ids of live models of which Moonshot runs batches (source: guide to batches).
 *
 * @category constants
 * @since 0.1.0
 */
export const batchModels: ReadonlyArray<string> = knownModels
  .filter(({ capabilities, lifecycle }) => capabilities.batch && lifecycle.state === "live")
  .map(({ id }) => id)

/**
 * Finds a model by its id. Ids of other hosts are recognized by their last
 * segment: `moonshotai/Kimi-K2.5` is kimi-k2.5.
 *
 * @category lookups
 * @since 0.1.0
 */
export const find = (id: string): KnownModel | undefined => {
  const exact = byId.get(id)
  if (exact !== undefined) return exact
  const segment = id.slice(id.lastIndexOf("/") + 1).toLowerCase()
  const colon = segment.indexOf(":")
  return byId.get(colon < 0 ? segment : segment.slice(0, colon))
}

/**
 * The price of a model at a host on a day (`YYYY-MM-DD`), or `undefined` if it is
 * unknown.
 *
 * @category lookups
 * @since 0.1.0
 */
export const priceOf = (id: string, provider: string, day: string): Price | undefined => {
  let latest: Price | undefined
  for (const price of find(id)?.prices ?? []) {
    if (price.provider === provider && (price.from ?? "") <= day) latest = price
  }
  return latest
}
