/**
 * Estimates tokens without a tokenizer: what a request counts for before it is
 * sent, and what an answer cost that never said.
 *
 * The figures lean high, because a limit that is met a little early costs
 * less than one that is overrun. A host's own count is exact:
 * `KimiClient.estimateTokens` asks for it.
 *
 * @since 0.1.0
 */
import * as ModelCatalog from "./ModelCatalog.ts"
import type { ModelRequest } from "./models/ChatRequest.ts"
import type { Message } from "./models/Message.ts"

/** Weights are whole parts of a token, so that sums are exact. */
const weightPerToken = 28
/** English has about four characters per token, code and JSON about three. */
const latinWeight = weightPerToken / 3.5
/** Greek, Cyrillic, Hebrew, Arabic and other alphabets. */
const alphabeticWeight = weightPerToken / 2
/** Chinese, Japanese and Korean have one to two characters per token. */
const ideographWeight = (weightPerToken * 3) / 4

const weightOf = (code: number): number =>
  code < 0x250 ? latinWeight : code < 0x2e80 ? alphabeticWeight : ideographWeight

/** Characters that are looked at in a longer text, one in each of as many equal parts: the mix of scripts needs no more. */
const maxSamples = 1024
const goldenRatio = 0.618_033_988_749_895

/**
 * Tokens of a text.
 *
 * @category getters
 * @since 0.1.0
 */
export const ofText = (text: string): number => {
  const { length } = text
  if (length === 0) return 0
  const seen = Math.min(length, maxSamples)
  const part = length / seen
  let weight = 0
  for (let i = 0; i < seen; i += 1) {
    // Not at the same place in every part, where a text that repeats itself may show the same character each time.
    weight += weightOf(text.charCodeAt(Math.floor((i + ((i * goldenRatio) % 1)) * part)))
  }
  return Math.ceil((weight * length) / (seen * weightPerToken))
}

/** Role and separators of a message. */
const messageOverhead = 4
/** What the host puts before a conversation with a K3 model (source: recorded traffic, 88 tokens for "Hello world!"). */
const conversationOverhead = 80
/** Source: Moonshot's older vision page. Newer hosts count by size, which a reference to a file does not tell. */
const imageTokens = 1024
/** A guess: a video counts by its frames, which only the host knows. */
const videoTokens = 8192

const ofMessage = (message: Message): number => {
  let tokens = messageOverhead
  const { content } = message
  if (typeof content === "string") tokens += ofText(content)
  else {
    for (const part of content ?? []) {
      tokens += part.type === "text" ? ofText(part.text) : part.type === "image_url" ? imageTokens : videoTokens
    }
  }
  if (message.role !== "assistant") return tokens
  if (typeof message.reasoning_content === "string") tokens += ofText(message.reasoning_content)
  for (const call of message.tool_calls ?? []) {
    tokens += messageOverhead + ofText(call.function.name) + ofText(call.function.arguments)
  }
  return tokens
}

/** Tools are the same object in call after call. */
const toolTokensCache = new WeakMap<object, number>()

const toolTokens = (tools: NonNullable<ModelRequest["tools"]>): number => {
  const known = toolTokensCache.get(tools)
  if (known !== undefined) return known
  const tokens = ofText(JSON.stringify(tools))
  toolTokensCache.set(tools, tokens)
  return tokens
}

const preambleTokens = (model: string): number =>
  ModelCatalog.find(model)?.capabilities.thinking === "effort" ? conversationOverhead : 0

/** A request is the same object in every stage and attempt of its call. */
const promptTokensCache = new WeakMap<ModelRequest, number>()

/**
 * Tokens of a request's prompt: its messages, its tools, and what the host
 * adds to them.
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

/** Output that an unknown model is taken to allow when the request names no maximum. */
const unknownMaxOutput = 32_768

/**
 * The most tokens that a request may generate: its own maximum, else the
 * model's default.
 *
 * @category getters
 * @since 0.1.0
 */
export const maxOutput = (request: ModelRequest, promptTokens: number): number => {
  const asked = request.max_completion_tokens ?? request.max_tokens
  if (asked !== undefined) return asked
  const model = ModelCatalog.find(request.model)
  if (model === undefined) return unknownMaxOutput
  return model.defaultMaxOutput ?? Math.max(0, model.contextWindow - promptTokens)
}

/**
 * What the host counts for a request when it comes in: prompt and most output
 * together, whatever is generated (source: Moonshot's help centre on rate
 * limits).
 *
 * @category getters
 * @since 0.1.0
 */
export const admissionTokens = (request: ModelRequest): number => {
  const prompt = ofPrompt(request)
  return prompt + maxOutput(request, prompt)
}
