/**
 * Rejects the requests that Kimi rejects, as recorded and documented.
 */
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import { ChatCompletionRequest } from "@kimi-effect/core/ChatRequest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as ErrorReply from "../../ErrorReply.ts"
import * as Reply from "../../Reply.ts"
import * as Fixtures from "../Fixtures.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import { checkFiber } from "./formulas.ts"
import { checkHistory } from "./historyCheck.ts"
import { checkTools } from "./toolCheck.ts"

const invalid = (message: string): Reply.Json => ErrorReply.make(400, "invalid_request_error", message)

/** Rejects a request without the key. Without `apiKey` any key is accepted. */
export const checkAuthorization = (request: ReceivedRequest, apiKey: string | undefined): Reply.Json | undefined => {
  const key = /^bearer\s+(\S+)\s*$/i.exec(request.headers["authorization"] ?? "")?.[1]
  return key === undefined || (apiKey !== undefined && key !== apiKey)
    ? Reply.fromExchange(Fixtures.exchange("error-401-incorrect-api-key"))
    : undefined
}

/** Rejects a call of a formula that no function of it can run. */
export const checkFormula = (route: string, { json }: ReceivedRequest): Reply.Json | undefined => {
  const message = checkFiber(route, json)
  return message === undefined ? undefined : invalid(message)
}

/** Makes a predicate for model ids: the given ones, or the live models of Moonshot. */
export const makeModelFilter = (models: ReadonlyArray<string> | undefined): ((model: string) => boolean) => {
  const ids = new Set(
    models ?? ModelCatalog.knownModels.filter(({ lifecycle }) => lifecycle.state === "live").map(({ id }) => id)
  )
  return (model) => ids.has(model)
}

/** Rejects a chat request that Kimi would reject. */
export const checkChat = (
  request: ReceivedRequest,
  isKnownModel: (model: string) => boolean
): Reply.Json | undefined => {
  if (request.json === undefined) return invalid("Invalid request: the body is not valid JSON")
  const toolType = unknownToolType(request.json)
  if (toolType !== undefined) {
    return invalid(`Invalid request: unknown tool type: ${toolType}, currently only function and plugin are supported`)
  }
  const decoded = decode(withoutNulls(request.json))
  if (Result.isFailure(decoded)) return invalid(`Invalid request: ${firstIssue(decoded.failure.issue)}`)
  const body = decoded.success
  if (!isKnownModel(body.model)) {
    return ErrorReply.make(404, "resource_not_found_error", `Not found the model ${body.model} or Permission denied`)
  }
  const abilities = ModelCatalog.find(body.model)?.capabilities
  for (const rule of rules) {
    const message = rule(body, abilities)
    if (message !== undefined) return invalid(message)
  }
  return undefined
}

const decode = Schema.decodeUnknownResult(ChatCompletionRequest)

/** Hosts treat `null` as absent: common clients send `content: null` with tool calls. */
const withoutNulls = (json: unknown): unknown => {
  const read = decodeMessages(json)
  return Result.isFailure(read) ? json : { ...dropNulls(read.success), messages: read.success.messages.map(dropNulls) }
}

const decodeMessages = Schema.decodeUnknownResult(
  Schema.StructWithRest(Schema.Struct({ messages: Schema.Array(Schema.Record(Schema.String, Schema.Unknown)) }), [
    Schema.Record(Schema.String, Schema.Unknown)
  ])
)

const dropNulls = (members: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null))

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const firstIssue = (issue: SchemaIssue.Issue): string => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((step) => String(typeof step === "object" ? step.key : step)).join(".")
  return `${path === "" ? "body" : path}: ${first?.message ?? "invalid"}`
}

/** The `type` of the first tool whose type is unknown; `""` when the tool has no type. */
const unknownToolType = (json: unknown): string | undefined => {
  const read = decodeTools(json)
  if (Result.isFailure(read)) return undefined
  const types = (read.success.tools ?? []).map((tool) => tool.type ?? "")
  return types.find((type) => !["function", "plugin", "builtin_function"].includes(type))
}

const decodeTools = Schema.decodeUnknownResult(
  Schema.Struct({ tools: Schema.optional(Schema.Array(Schema.Struct({ type: Schema.optional(Schema.String) }))) })
)

type Body = typeof ChatCompletionRequest.Type
type Rule = (body: Body, abilities: ModelCatalog.Capabilities | undefined) => string | undefined

const isThinking = (body: Body, abilities: ModelCatalog.Capabilities | undefined): boolean =>
  abilities !== undefined && abilities.thinking !== "none" && body.thinking?.type !== "disabled"

const checkFixed = (name: string, value: number | undefined, allowed: number | undefined): string | undefined =>
  value === undefined || allowed === undefined || value === allowed
    ? undefined
    : `invalid ${name}: only ${allowed} is allowed for this model`

const rules: ReadonlyArray<Rule> = [
  (body, abilities) =>
    checkFixed(
      "temperature",
      body.temperature,
      isThinking(body, abilities)
        ? abilities?.sampling?.temperature
        : (abilities?.sampling?.temperatureNotThinking ?? abilities?.sampling?.temperature)
    ),
  (body, abilities) => checkFixed("top_p", body.top_p, abilities?.sampling?.topP),
  (body, abilities) => checkFixed("n", body.n, abilities?.sampling && 1),
  (body, abilities) => checkFixed("presence_penalty", body.presence_penalty, abilities?.sampling && 0),
  (body, abilities) => checkFixed("frequency_penalty", body.frequency_penalty, abilities?.sampling && 0),
  (body) =>
    Array.isArray(body.stop) && body.stop.length > 5
      ? `stop array too long. Expected an array with maximum length 5, but got ${body.stop.length}`
      : undefined,
  (body, abilities) =>
    body.thinking?.type === "disabled" && abilities?.thinking === "always"
      ? "invalid thinking: only type=enabled is allowed for this model"
      : undefined,
  (body, abilities) =>
    body.tool_choice === "required" && isThinking(body, abilities) && abilities?.toolChoiceRequired !== "yes"
      ? "tool_choice 'required' is incompatible with thinking enabled"
      : undefined,
  (body, abilities) =>
    typeof body.tool_choice === "object" && isThinking(body, abilities) && abilities?.toolChoiceNamed !== "yes"
      ? "tool_choice 'specified' is incompatible with thinking enabled"
      : undefined,
  (body, abilities) => {
    const index = isThinking(body, abilities)
      ? body.messages.findIndex(
          (message) =>
            message.role === "assistant" &&
            (message.tool_calls ?? []).length > 0 &&
            message.reasoning_content === undefined
        )
      : -1
    return index < 0
      ? undefined
      : `thinking is enabled but reasoning_content is missing in assistant tool call message at index ${index}`
  },
  ({ tools }) => (tools === undefined ? undefined : checkTools(tools)),
  ({ messages }) => checkHistory(messages)
]
