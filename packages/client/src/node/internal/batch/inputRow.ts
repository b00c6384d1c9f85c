/** Reads one line of an input: our own form, that of OpenAI's batches, or a column with prompts. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { BatchRow } from "../../../batch/BatchResponse.ts"
import type { InputLine } from "./inputLines.ts"

export interface Prompts {
  readonly column: string
  readonly template: ((prompt: string) => string) | undefined
  readonly request: Omit<ChatRequest, "messages"> | undefined
  readonly system: string | undefined
}

type Row = Result.Result<BatchRow, InvalidBatchRowError>

interface RowName {
  readonly line: number
  readonly id: string | undefined
}

const invalid = ({ id, line }: RowName, message: string, parameter?: string): Row =>
  Result.fail(
    new InvalidBatchRowError({
      message,
      line,
      ...(id === undefined ? {} : { id }),
      ...(parameter === undefined ? {} : { parameter })
    })
  )

const idOf = (value: object): string | undefined => {
  const id = "id" in value ? value.id : "custom_id" in value ? value.custom_id : undefined
  return typeof id === "string" ? id : typeof id === "number" ? `${id}` : undefined
}

const rowOf = ({ id, line }: RowName, request: ChatRequest): Row =>
  Result.succeed({ ...(id === undefined ? {} : { id }), line, request })

const fromPrompt = (place: RowName, value: object, { column, request, system, template }: Prompts): Row => {
  const prompt = Object.hasOwn(value, column) ? (value as Record<string, unknown>)[column] : undefined
  if (typeof prompt !== "string") return invalid(place, "The column of the prompts has no text in this row", column)
  const content = template === undefined ? prompt : template(prompt)
  const messages = [{ role: "user" as const, content }]
  return rowOf(place, {
    ...request,
    messages: system === undefined ? messages : [{ role: "system", content: system }, ...messages]
  })
}

/** The client checks the request itself; here it only needs its form. */
const isRequest = (value: unknown): value is ChatRequest =>
  Predicate.isObject(value) && "messages" in value && Array.isArray(value["messages"])

const fromRequest = (place: RowName, value: object): Row => {
  if ("body" in value) {
    const { body } = value
    if ("url" in value && value.url !== "/v1/chat/completions") {
      return invalid(place, "The url of a row must be /v1/chat/completions", "url")
    }
    return isRequest(body) ? rowOf(place, body) : invalid(place, "The body has no list of messages", "body.messages")
  }
  if ("request" in value) {
    const { request } = value
    return isRequest(request)
      ? rowOf(place, request)
      : invalid(place, "The request has no list of messages", "request.messages")
  }
  if (!isRequest(value)) return invalid(place, "The row has no list of messages", "messages")
  const { id: _, ...request } = value as ChatRequest & { readonly id?: unknown }
  return rowOf(place, request)
}

export const inputRow =
  (prompts: Prompts | undefined) =>
  ({ line, text }: InputLine): Row => {
    const nowhere = { line, id: undefined }
    if (text === undefined) return invalid(nowhere, "The line is longer than 64 MiB")
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return invalid(nowhere, "The line is not JSON")
    }
    if (!Predicate.isObject(value) || Array.isArray(value)) return invalid(nowhere, "The line is not a JSON object")
    const place = { line, id: idOf(value) }
    return prompts === undefined ? fromRequest(place, value) : fromPrompt(place, value, prompts)
  }
