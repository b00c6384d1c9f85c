/** Finds the failures that hosts and gateways report inside a successful response. */
import type { ErrorObject } from "@kimi-effect/core/internal/ErrorBody"
import { listOf } from "./choiceList.ts"
import { isObject, type Members } from "./jsonMembers.ts"

/** Finish reasons with which a host gives up a response. */
const failedReasons: ReadonlySet<string> = new Set([
  "error",
  "failed",
  "failure",
  "server_error",
  "internal_error",
  "internal_server_error",
  "network_error",
  "upstream_error",
  "provider_error",
  "engine_overloaded",
  "engine_overloaded_error",
  "insufficient_system_resource",
  "abort",
  "aborted",
  "cancelled",
  "canceled",
  "timeout"
])

const isFailedReason = (reason: unknown): reason is string =>
  typeof reason === "string" && failedReasons.has(reason.toLowerCase())

/** The members in which hosts put the text of an error, the most usual first. */
const textMembers = [
  "message",
  "detail",
  "details",
  "msg",
  "error_msg",
  "error_message",
  "status_msg",
  "errors",
  "description",
  "reason",
  "title",
  "error"
]

const codeMembers = ["code", "status", "status_code", "statusCode", "error_code"]

/** Deep enough for every known form; a hostile one cannot recurse further. */
const maxDepth = 4

const firstText = (members: Members, depth: number): string | undefined => {
  for (const name of textMembers) {
    const text = Object.hasOwn(members, name) ? textOf(members[name], depth) : undefined
    if (text !== undefined) return text
  }
  return undefined
}

/** The text of an error in any form: itself, in one of its members, or of each item of a list. */
const textOf = (value: unknown, depth = 0): string | undefined => {
  if (typeof value === "string") return value.trim() === "" ? undefined : value
  if (depth >= maxDepth) return undefined
  if (isObject(value)) return firstText(value, depth + 1)
  if (!Array.isArray(value)) return undefined
  const texts = value.slice(0, 8).map((item) => textOf(item, depth + 1))
  return texts.filter((text) => text !== undefined).join("; ") || undefined
}

/** A status, with or without its words: "429", "429 Too Many Requests". */
const statusLine = /^(\d{3})(?:[: ][A-Za-z :-]{1,40})?$/

const codeOf = (value: Members): string | number | undefined => {
  for (const name of codeMembers) {
    const code = value[name]
    if (typeof code === "number" && Number.isFinite(code)) return code
    if (typeof code === "string" && code !== "") return Number(statusLine.exec(code)?.[1] ?? Number.NaN) || code
  }
  return undefined
}

/** Words that do not identify the kind of an error. */
const emptyWords: ReadonlySet<string> = new Set(["", "error", "none", "null"])

const wordOf = (value: unknown): string | undefined =>
  typeof value === "string" && !emptyWords.has(value.toLowerCase()) ? value : undefined

const messageOf = (message: string | undefined): ErrorObject => (message === undefined ? {} : { message })

/** What is read from an error as it is: its request, its second status, and the figures of its host. */
const detailsOf = (inner: Members, value: Members): ErrorObject => {
  const requestId = [inner["request_id"], value["request_id"]].find((id) => typeof id === "string" && id !== "")
  const details = ["status", "n_ctx", "n_prompt_tokens", "metadata"].filter((name) => Object.hasOwn(inner, name))
  return {
    ...(typeof requestId === "string" ? { request_id: requestId } : {}),
    ...Object.fromEntries(details.map((name) => [name, inner[name]]))
  }
}

/** An error in any form as an error object. */
export const toErrorObject = (value: unknown): ErrorObject => {
  if (!isObject(value)) return messageOf(textOf(value))
  const inner = isObject(value["error"]) ? value["error"] : value
  const code = codeOf(inner) ?? codeOf(value)
  const type = wordOf(inner["type"]) ?? wordOf(code)
  const param = wordOf(inner["param"])
  return {
    ...messageOf(textOf(inner) ?? textOf(value)),
    ...detailsOf(inner, value),
    ...(type === undefined ? {} : { type }),
    ...(code === undefined ? {} : { code }),
    ...(param === undefined ? {} : { param })
  }
}

/** Whether a member reports an error: some hosts always send it, empty. */
const isPresent = (value: unknown): boolean =>
  isObject(value) ? Object.keys(value).length > 0 : Array.isArray(value) ? value.length > 0 : Boolean(value)

const errorOfChoice = (choice: unknown): ErrorObject | undefined => {
  if (!isObject(choice)) return undefined
  if (isPresent(choice["error"])) return toErrorObject(choice["error"])
  const reason = choice["finish_reason"]
  return isFailedReason(reason)
    ? { message: `the host ended the response with the finish reason "${reason}"` }
    : undefined
}

const isSuccessCode = (code: string | number | undefined): boolean =>
  code === undefined || code === 0 || code === 200 || /^(?:0|ok|success)$/i.test(String(code))

/** Whether an object without choices is a bare error. */
const isBareError = (json: Members): boolean => {
  if ("error" in json && json["error"] !== null && json["error"] !== false && json["error"] !== "") return true
  if ([json["object"], json["type"], json["status"]].includes("error") || json["success"] === false) return true
  if (isPresent(json["usage"])) return false
  if (["detail", "details", "errors", "error_msg", "error_message"].some((name) => isPresent(json[name]))) return true
  return (
    textOf({ message: json["message"], msg: json["msg"] }) !== undefined &&
    (!isSuccessCode(codeOf(json)) || !("code" in json))
  )
}

/** The choices in any form. */
const choicesOf = (choices: unknown): ReadonlyArray<unknown> =>
  listOf(choices) ?? (isObject(choices) ? Object.values(choices) : [])

/** The error that a chunk or a completion reports, in addition to its content or in place of it. */
export const embeddedError = (json: unknown): ErrorObject | undefined => {
  if (!isObject(json)) return undefined
  const { error } = json
  const choices = choicesOf(json["choices"])
  if (choices.length === 0) {
    const status = isObject(json["base_resp"]) ? json["base_resp"] : undefined
    if (status !== undefined && !isSuccessCode(codeOf(status))) return toErrorObject({ ...status, code: undefined })
    return isBareError(json) && !isHeartbeat(json) ? toErrorObject(json) : undefined
  }
  if (isPresent(error)) return toErrorObject(error)
  for (const choice of choices) {
    const found = errorOfChoice(choice)
    if (found !== undefined) return found
  }
  return undefined
}

const heartbeatName = /^(?:ping|pong|heartbeat|keep[-_ ]?alive)$/i

/** Whether an event that is named so, or an object with such a type, only keeps the connection open. */
export const isHeartbeat = (value: unknown): boolean =>
  isObject(value)
    ? [value["type"], value["object"], value["event"]].some(isHeartbeat)
    : typeof value === "string" && heartbeatName.test(value)

const errorEvent = /(?:^|[._-])(?:error|exception|failed|failure)$/i

/** Whether an event with this name reports an error, regardless of its data. */
export const isErrorEvent = (event: string): boolean => errorEvent.test(event)

const errorWords =
  /\b(?:error|fail(?:ed|ure)?|exception|invalid|unauthori[sz]ed|forbidden|denied|unavailable|overloaded|exceeded|quota|rate limit|too many|timed? ?out|refused|reset|abort(?:ed)?|crash(?:ed)?|not found|bad gateway)\b/i

/**
 * What text means that is no JSON: a heartbeat of plain words, a number or a
 * date; the text of an error; or anything else, which may be a part of the
 * response.
 */
export const classifyText = (text: string): "heartbeat" | "error" | "other" => {
  const words = text.trim()
  if (words.length > 512 || /["{}[\]\\<>]/.test(words)) return "other"
  if (errorWords.test(words)) return "error"
  return words.length <= 64 ? "heartbeat" : "other"
}
