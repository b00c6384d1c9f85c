/** Encodes a request for the dialect of one host. */
import { compiledCodec } from "./compiledCodec.ts"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { nearestTo } from "@kimi-effect/core/internal/NearestName"
import { AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage } from "@kimi-effect/core/Message"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Provider } from "../Provider.ts"
import { describeSchemaError } from "./describeSchemaError.ts"
import { isObject, type Members } from "./jsonMembers.ts"
import { withoutAbsent, withUnknownMembers } from "./requestMembers.ts"

const { tools, response_format, extra_body, prediction, ...otherMembers } = ChatRequest.fields
const { tools: _loadedTools, ...plainSystemMembers } = SystemMessage.fields

/** Members with JSON of any depth, which the schema compiler does not compile. Most requests have none. */
const JsonMembers = Schema.Struct({ tools, response_format, extra_body, prediction })
const OtherMembers = Schema.Struct(otherMembers)

/** The others of a request whose messages load no tools, which are JSON of any depth too. */
const PlainMembers = Schema.Struct({
  ...otherMembers,
  messages: Schema.Array(Schema.Union([Schema.Struct(plainSystemMembers), UserMessage, AssistantMessage, ToolMessage]))
})

const encodeJsonMembers = Schema.encodeUnknownResult(JsonMembers)
const encodeOtherMembers = Schema.encodeUnknownResult(OtherMembers)
const encodePlainMembers = compiledCodec(Schema.flip(PlainMembers).ast, () => Schema.encodeUnknownResult(PlainMembers))

const jsonMembers = Object.keys(JsonMembers.fields)

const hasJsonMembers = (request: object): boolean => jsonMembers.some((name) => name in request)

const loadsTools = (message: unknown): boolean => isObject(message) && "tools" in message

const areMessagesPlain = ({ messages }: Members): boolean => Array.isArray(messages) && !messages.some(loadsTools)

const encodeMembers = (request: object): Result.Result<ChatRequest, Schema.SchemaError> => {
  const plain = areMessagesPlain(request as Members) ? encodePlainMembers(request) : undefined
  // An error names what the whole schema expects.
  return plain === undefined || Result.isFailure(plain) ? encodeOtherMembers(request) : plain
}

const encodeRequest = (request: object): Result.Result<ChatRequest, Schema.SchemaError> => {
  const members = encodeMembers(request)
  return Result.isFailure(members) || !hasJsonMembers(request)
    ? members
    : Result.map(encodeJsonMembers(request), (json) => ({ ...members.success, ...json }))
}

const encodeMessages = Schema.encodeUnknownResult(Schema.Array(Message))

const invalidRequest = (provider: Provider, path: string, message: string): InvalidRequestError =>
  new InvalidRequestError({
    message: path === "" ? message : `${path}: ${message}`,
    provider: provider.id,
    ...(path === "" ? {} : { parameter: path })
  })

type WireAssistant = Omit<AssistantMessage, "reasoning_content"> & {
  readonly reasoning_content?: string
  readonly reasoning?: string
}

/** Moonshot rejects some forms of empty content in messages with tool calls; omitting it is always accepted. */
const isBlank = (content: AssistantMessage["content"] | SystemMessage["content"]): boolean =>
  content === undefined ||
  content === null ||
  content.length === 0 ||
  (typeof content !== "string" && content.every((p) => p.text === ""))

const toWireAssistant = (message: AssistantMessage, provider: Provider): WireAssistant => {
  const { reasoning_content: reasoning, content, ...rest } = message
  return {
    ...rest,
    ...(content === undefined || content === null || (message.tool_calls !== undefined && isBlank(content))
      ? {}
      : { content }),
    ...(reasoning === undefined ? {} : { [provider.reasoningMember]: reasoning })
  }
}

/** Moonshot rejects content next to tools, and even its name. */
const toWireSystem = (message: SystemMessage): SystemMessage => {
  const { content, ...rest } = message
  return message.tools !== undefined && isBlank(content) ? rest : message
}

const toWireMessages = (messages: ReadonlyArray<Message>, provider: Provider): ReadonlyArray<unknown> =>
  messages.map((message) => {
    switch (message.role) {
      case "assistant":
        return toWireAssistant(message, provider)
      case "system":
        return toWireSystem(message)
      default:
        return message
    }
  })

/** The members that configure thinking, in the host's dialect. */
const thinkingMembers = (
  { thinking, reasoning_effort }: Pick<ChatRequest, "thinking" | "reasoning_effort">,
  dialect: Provider["thinkingDialect"]
): Record<string, unknown> => {
  const isOff = thinking?.type === "disabled"
  switch (dialect) {
    case "moonshot":
      return {
        ...(thinking === undefined ? {} : { thinking }),
        ...(reasoning_effort === undefined ? {} : { reasoning_effort })
      }
    case "reasoning object": {
      if (isOff) return { reasoning: { enabled: false } }
      if (reasoning_effort !== undefined) return { reasoning: { effort: reasoning_effort } }
      return thinking === undefined ? {} : { reasoning: { enabled: true } }
    }
    case "effort":
      return { reasoning_effort: isOff ? "none" : reasoning_effort }
  }
}

/** The target of a request. */
export interface EncodeOptions {
  readonly provider: Provider
  readonly model: string
  readonly stream: boolean
}

/** What to do about a member that no chat request has, such as one in another spelling. */
const unknownMember = (name: string): string => {
  const nearest = nearestTo(name, Object.keys(ChatRequest.fields))
  return nearest === undefined
    ? "Unknown member of a chat request; put host-specific members into extra_body"
    : `Unknown member of a chat request; did you mean ${nearest}? Put host-specific members into extra_body`
}

/** Encodes a request with its schema, or fails with the malformed member. */
export const validate = (request: unknown, provider: Provider): Result.Result<ChatRequest, InvalidRequestError> => {
  if (typeof request !== "object" || request === null) {
    return Result.fail(invalidRequest(provider, "", "A chat request must be an object with messages"))
  }
  const unknown = Object.keys(request).find((name) => !Object.hasOwn(ChatRequest.fields, name))
  if (unknown !== undefined) {
    const name = unknown.slice(0, 64)
    return Result.fail(invalidRequest(provider, name, unknownMember(name)))
  }
  const present = withoutAbsent(request)
  return Result.mapBoth(encodeRequest(present), {
    onSuccess: (encoded) => withUnknownMembers(present, encoded),
    onFailure: (error) => {
      const { path, message } = describeSchemaError(error)
      return invalidRequest(provider, path, message)
    }
  })
}

/** The body of `/chat/completions` for a valid request. */
export const encode = (request: ChatRequest, target: EncodeOptions): string => {
  const { provider } = target
  const {
    extra_body,
    messages,
    model: _,
    max_tokens,
    max_completion_tokens,
    thinking,
    reasoning_effort,
    ...members
  } = request
  const maxTokens = max_completion_tokens ?? max_tokens
  return JSON.stringify({
    ...extra_body,
    ...members,
    ...thinkingMembers({ thinking, reasoning_effort }, provider.thinkingDialect),
    ...(maxTokens === undefined ? {} : { [provider.maxTokensMember]: maxTokens }),
    model: target.model,
    messages: toWireMessages(messages, provider),
    // After extra_body, because the operation that was called decides this.
    stream: target.stream ? true : undefined,
    stream_options: target.stream ? { include_usage: true } : undefined
  })
}

/** The body of `/tokenizers/estimate-token-count`, as a JSON value. */
export const encodeEstimate = (
  messages: ReadonlyArray<Message>,
  target: Omit<EncodeOptions, "stream">
): Result.Result<{ readonly model: string; readonly messages: ReadonlyArray<unknown> }, InvalidRequestError> =>
  Result.mapBoth(encodeMessages(messages), {
    onSuccess: (encoded) => ({ model: target.model, messages: toWireMessages(encoded, target.provider) }),
    onFailure: (error) => {
      const { path, message } = describeSchemaError(error)
      return invalidRequest(target.provider, path === "" ? "messages" : `messages${path}`, message)
    }
  })
