/**
 * Maps the messages of a 400 to errors. Kimi's error types are few and coarse,
 * so the message decides. The texts are Moonshot's, recorded or documented.
 */
import {
  ContentFilterError,
  type ContextLengthError,
  EmptyMessageError,
  InvalidRequestError,
  MissingReasoningError,
  RequestTooLargeError,
  ToolHistoryError,
  ToolSchemaError,
  UnsupportedMediaError,
  UnsupportedParameterError
} from "@kimi-effect/core/ValidationErrors"
import { ServiceUnavailableError } from "@kimi-effect/core/ProviderErrors"
import { contextLengthError, isContextOverflow } from "./contextOverflow.ts"

/** Members that every error of one response has. */
export interface CommonErrorMembers {
  readonly message: string
  readonly provider: string
  readonly model?: string
  readonly status?: number
  readonly requestId?: string
  readonly traceId?: string
}

/** The errors that a 400 can mean. */
export type BadRequestError =
  | ContentFilterError
  | ContextLengthError
  | EmptyMessageError
  | InvalidRequestError
  | MissingReasoningError
  | RequestTooLargeError
  | ServiceUnavailableError
  | ToolHistoryError
  | ToolSchemaError
  | UnsupportedMediaError
  | UnsupportedParameterError

interface MessageRule {
  readonly pattern: RegExp
  readonly make: (common: CommonErrorMembers, match: RegExpExecArray) => BadRequestError
}

const messageParameter = (index: string | undefined): { parameter?: string } =>
  index === undefined ? {} : { parameter: `messages[${index}]` }

const contextOverflow = (common: CommonErrorMembers, match: RegExpExecArray): BadRequestError =>
  contextLengthError(common, match.input)

const invalidParameter = (common: CommonErrorMembers, match: RegExpExecArray): BadRequestError => {
  const parameter = match[1] ?? ""
  const allowed = /^only (.{1,80}?) is allowed/.exec(match[2] ?? "")?.[1]
  return new UnsupportedParameterError({
    ...common,
    parameter,
    ...(allowed === undefined ? {} : { allowed }),
    fix:
      allowed === undefined
        ? `Correct ${parameter} as the message describes, or leave it out.`
        : `Leave ${parameter} out: this model allows only ${allowed}.`
  })
}

const forcedTool = (common: CommonErrorMembers): BadRequestError =>
  new UnsupportedParameterError({
    ...common,
    parameter: "tool_choice",
    allowed: "auto, none",
    fix: 'Use tool_choice "auto", or disable thinking where the model allows it.'
  })

const stopSequences = (common: CommonErrorMembers): BadRequestError =>
  new UnsupportedParameterError({
    ...common,
    parameter: "stop",
    allowed: "at most 5 sequences of at most 32 bytes",
    fix: "Pass at most 5 stop sequences of at most 32 bytes each."
  })

const unsupportedParameter = (common: CommonErrorMembers, match: RegExpExecArray): BadRequestError => {
  const parameter = match[1] ?? ""
  return new UnsupportedParameterError({ ...common, parameter, fix: `Leave ${parameter} out for this model.` })
}

const toolSchema = (common: CommonErrorMembers): BadRequestError => {
  const path = /At path '([^']{0,200})'/.exec(common.message)?.[1]
  return new ToolSchemaError({ ...common, parameter: "tools", ...(path === undefined ? {} : { path }) })
}

/** The first match wins. Patterns ignore case; figures are captured. */
const messageRules: ReadonlyArray<MessageRule> = [
  // A fault of Moonshot's roll-out in September 2026: the same call succeeds when it is sent again.
  { pattern: /missing required header kimi-api-version/i, make: (common) => new ServiceUnavailableError(common) },
  { pattern: /considered high risk/i, make: (common) => new ContentFilterError(common) },

  { pattern: /exceeded model token limit/i, make: contextOverflow },
  { pattern: /input token length too long|prompt is too long/i, make: contextOverflow },
  { pattern: /maximum context|context length|context window/i, make: contextOverflow },
  { pattern: /exceed(?:ed)? max tokens|too many tokens/i, make: contextOverflow },

  { pattern: /tool_choice '?\w+'? is incompatible with thinking/i, make: forcedTool },
  { pattern: /stop array too long|stop .{0,40}too long/i, make: stopSequences },
  {
    pattern: /reasoning_content is missing in assistant tool call message(?: at index (\d+))?/i,
    make: (common, match) => new MissingReasoningError({ ...common, ...messageParameter(match[1]) })
  },
  {
    pattern: /message at position (\d+) with role '?\w+'? must not be empty/i,
    make: (common, match) => new EmptyMessageError({ ...common, ...messageParameter(match[1]) })
  },
  {
    pattern: /text content is empty|text content blocks must be non-empty/i,
    make: (common) => new EmptyMessageError(common)
  },
  {
    pattern: /tool_call_id .{0,80}is not found|insufficient tool messages/i,
    make: (common) => new ToolHistoryError({ ...common, parameter: "messages" })
  },
  {
    pattern: /moonshot flavored json schema|tools\.function\.|unknown tool type|function name .{1,260}is duplicated/i,
    make: toolSchema
  },
  {
    pattern: /unsupported image|invalid image|unsupported video|invalid video|image_url|video_url/i,
    make: (common) => new UnsupportedMediaError({ ...common, parameter: "messages" })
  },
  {
    pattern: /file size is too large|exceeds the maximum size/i,
    make: (common) => new RequestTooLargeError(common)
  },
  {
    pattern: /invalid purpose/i,
    make: (common) => new InvalidRequestError({ ...common, parameter: "purpose" })
  },
  // "Invalid request: " is only a prefix of the details.
  { pattern: /\binvalid (?!request:)([a-z_]{1,64}): (.{0,200})/i, make: invalidParameter },
  { pattern: /\b([a-z_]{1,64}) (?:is|are) not (?:supported|allowed)/i, make: unsupportedParameter }
]

/**
 * Maps a 400, 413 or 422. `text` is the host's whole text, where the message has
 * less; it must have been cut to 8 KB before.
 */
export const fromBadRequest = (
  common: CommonErrorMembers,
  type: string | undefined,
  text = common.message
): BadRequestError => {
  if (type === "content_filter") return new ContentFilterError(common)
  for (const { pattern, make } of messageRules) {
    const match = pattern.exec(text)
    if (match !== null) return make(common, match)
  }
  return isContextOverflow(text) ? contextLengthError(common, text) : new InvalidRequestError(common)
}
