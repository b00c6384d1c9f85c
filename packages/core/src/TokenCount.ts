/**
 * Estimates token counts without a tokenizer: of a request before it is sent, and
 * of a response without reported usage.
 *
 * The estimates are rather too high, because reaching a limit early costs less
 * than exceeding it. `KimiClient.estimateTokens` returns the exact count of the
 * host.
 *
 * @since 0.1.0
 */
import * as ModelCatalog from "./ModelCatalog.ts"
import type { ModelRequest } from "./models/ChatRequest.ts"
import type { Message } from "./models/Message.ts"

/** Weights are integer fractions of a token, so that sums are exact. */
const weightPerToken = 28
/** English has about four characters per token, code and JSON about three. */
const latinWeight = weightPerToken / 3.5
/** Greek, Cyrillic, Hebrew, Arabic and other alphabets. */
const alphabeticWeight = weightPerToken / 2
/** Chinese, Japanese and Korean have one to two characters per token. */
const ideographWeight = (weightPerToken * 3) / 4

/** Characters sampled in a longer text, one in each of as many equal parts, which suffices for the mix of scripts. */
const maxSamples = 1024
const goldenRatio = 0.618_033_988_749_895

/** In parts, at a different offset in every one, since a repetitive text could have the same character at equal offsets. */
const makeSamplePositions = (): Float64Array =>
  Float64Array.from({ length: maxSamples }, (_, i) => i + ((i * goldenRatio) % 1))

let samplePositions: Float64Array | undefined

/** The weight of so many characters of a text: of its first ones, or of those at positions in parts of a length. */
const weightOf = (text: string, count: number, positions?: Float64Array, part = 1): number => {
  let alphabetic = 0
  let ideographic = 0
  for (let i = 0; i < count; i += 1) {
    const code = text.charCodeAt(positions === undefined ? i : Math.floor((positions[i] as number) * part))
    if (code >= 0x2e80) ideographic += 1
    else if (code >= 0x250) alphabetic += 1
  }
  const latin = count - alphabetic - ideographic
  return latin * latinWeight + alphabetic * alphabeticWeight + ideographic * ideographWeight
}

/**
 * The estimated tokens of a text.
 *
 * @category getters
 * @since 0.1.0
 */
export const ofText = (text: string): number => {
  const { length } = text
  if (length === 0) return 0
  if (length <= maxSamples) return Math.ceil(weightOf(text, length) / weightPerToken)
  const weight = weightOf(text, maxSamples, (samplePositions ??= makeSamplePositions()), length / maxSamples)
  return Math.ceil((weight * length) / (maxSamples * weightPerToken))
}

/** Role and separators of a message. */
const messageOverhead = 4
/** The preamble that the host adds to a conversation with a K3 model (source: recorded traffic, 88 tokens for "Hello world!"). */
const conversationOverhead = 80
/** Source: Moonshot's older vision page. Newer hosts count by size, which is unknown for a file reference. */
const imageTokens = 1024
/** An assumption: a video counts by its frames, which only the host knows. */
const videoTokens = 8192

/** Calls often share the same tools object. */
const toolTokensCache = new WeakMap<object, number>()

const toolTokens = (tools: NonNullable<ModelRequest["tools"]>): number => {
  const known = toolTokensCache.get(tools)
  if (known !== undefined) return known
  const tokens = ofText(JSON.stringify(tools))
  toolTokensCache.set(tools, tokens)
  return tokens
}

/**
 * The estimated tokens of one message with its reasoning, tool calls and media.
 *
 * @category getters
 * @since 0.1.0
 */
export const ofMessage = (message: Message): number => {
  let tokens = messageOverhead
  const { content } = message
  if (typeof content === "string") tokens += ofText(content)
  else {
    for (const part of content ?? []) {
      tokens += part.type === "text" ? ofText(part.text) : part.type === "image_url" ? imageTokens : videoTokens
    }
  }
  if (message.role === "system") return message.tools === undefined ? tokens : tokens + toolTokens(message.tools)
  if (message.role !== "assistant") return tokens
  if (typeof message.reasoning_content === "string") tokens += ofText(message.reasoning_content)
  for (const call of message.tool_calls ?? []) {
    tokens += messageOverhead + ofText(call.function.name) + ofText(call.function.arguments)
  }
  return tokens
}

const preambleTokens = (model: string): number =>
  ModelCatalog.find(model)?.capabilities.thinking === "effort" ? conversationOverhead : 0

/** A request is the same object in every stage and attempt of its call. */
const promptTokensCache = new WeakMap<ModelRequest, number>()

/**
 * The estimated tokens of a prompt: its messages, its tools, and the preamble of
 * the host.
 *
 * @category getters
 * @since 0.1.0
 */
export const ofPrompt = (request: ModelRequest): number => {
  const known = promptTokensCache.get(request)
  if (known !== undefined) return known
  const { messages, model, tools } = request
  let tokens = preambleTokens(model) + (tools === undefined ? 0 : toolTokens(tools))
  for (const message of messages) tokens += ofMessage(message)
  promptTokensCache.set(request, tokens)
  return tokens
}

/** The output limit that is assumed for an unknown model when the request has no maximum. */
const unknownMaxOutput = 32_768

/** The output limit of a request without a maximum. */
const defaultMaxOutput = (model: ModelCatalog.KnownModel | undefined, promptTokens: number): number =>
  model === undefined ? unknownMaxOutput : (model.defaultMaxOutput ?? Math.max(0, model.contextWindow - promptTokens))

/**
 * The maximum number of tokens that a request may generate: its own maximum, or
 * else the default of the model.
 *
 * @category getters
 * @since 0.1.0
 */
export const maxOutput = (request: ModelRequest, promptTokens: number): number =>
  request.max_completion_tokens ??
  request.max_tokens ??
  defaultMaxOutput(ModelCatalog.find(request.model), promptTokens)

const atLeast = (value: unknown, minimum: number): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.max(value, minimum) : minimum

/**
 * The number of choices that a request asks for, also as `extra_body` sets it.
 *
 * @category getters
 * @since 0.1.0
 */
export const choiceCount = ({ extra_body, n }: ModelRequest): number =>
  n === undefined && extra_body === undefined ? 1 : Math.ceil(atLeast(n, atLeast(extra_body?.["n"], 1)))

/** Whether a request limits its output by itself. `extra_body` may set members that the library does not list. */
const hasMaxOutput = ({ extra_body = {}, max_completion_tokens, max_tokens }: ModelRequest): boolean =>
  (max_completion_tokens ??
    max_tokens ??
    extra_body["max_completion_tokens"] ??
    extra_body["max_tokens"] ??
    undefined) !== undefined

/** The most that one choice may generate. */
const maxOfChoice = (request: ModelRequest): number => {
  const { extra_body, max_completion_tokens, max_tokens } = request
  const model = ModelCatalog.find(request.model)
  const limit = max_completion_tokens ?? max_tokens ?? defaultMaxOutput(model, ofPrompt(request))
  const asked =
    extra_body === undefined
      ? limit
      : atLeast(extra_body["max_completion_tokens"], atLeast(extra_body["max_tokens"], limit))
  return Math.ceil(Math.min(asked, model?.contextWindow ?? Number.POSITIVE_INFINITY))
}

/**
 * The most tokens that all choices of a request may generate together, also as
 * `extra_body` sets it, within the context window of the model. A request without
 * a limit counts with `defaultOutputTokens` for each choice, if that is given.
 *
 * @category getters
 * @since 0.1.0
 */
export const maxCompletion = (request: ModelRequest, defaultOutputTokens?: number): number => {
  const most = maxOfChoice(request)
  const perChoice =
    defaultOutputTokens === undefined || hasMaxOutput(request) ? most : Math.min(most, defaultOutputTokens)
  return perChoice * choiceCount(request)
}

/**
 * The tokens that the host counts against its rate limits when it admits a
 * request: the prompt plus the maximum output, regardless of what is generated
 * (source: Moonshot's help center on rate limits).
 *
 * @category getters
 * @since 0.1.0
 */
export const admissionTokens = (request: ModelRequest): number => {
  const prompt = ofPrompt(request)
  return prompt + maxOutput(request, prompt)
}
