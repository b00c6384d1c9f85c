/** Reads one line of an input: our own form, that of OpenAI's batches, or columns with prompts. */
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { InvalidBatchRowError } from "@kimi-effect/core/BatchErrors"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { BatchRow } from "../../../../batch/BatchResponse.ts"
import type { Prompts } from "../../../BatchJob.ts"
import { fieldsOf } from "./csv.ts"
import type { InputLine } from "./inputText.ts"
import { type Template, textOf } from "./promptTemplate.ts"

export type Row = Result.Result<BatchRow, InvalidBatchRowError>

/** How the prompts of rows are made. */
export interface PromptRows extends Pick<Prompts, "id" | "request" | "system"> {
  readonly template: Template
}

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
  return typeof id === "string" && id !== "" ? id : typeof id === "number" ? `${id}` : undefined
}

const rowOf = ({ id, line }: RowName, request: ChatRequest): Row =>
  Result.succeed({ ...(id === undefined ? {} : { id }), line, request })

const fromPrompt = (
  line: number,
  value: Readonly<Record<string, unknown>>,
  { id: idColumn, request, system, template }: PromptRows
): Row => {
  const id = idColumn === undefined ? idOf(value) : textOf(value, idColumn)
  const place = { line, id }
  if (idColumn !== undefined && id === undefined) return invalid(place, "The column of the ids has no text", idColumn)
  const prompt = template.render(value)
  if ("missing" in prompt) {
    return invalid(place, "The column of the prompts has no text in this row", prompt.missing)
  }
  const messages = [{ role: "user" as const, content: prompt.text }]
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
    if ("method" in value && value.method !== "POST")
      return invalid(place, "The method of a row must be POST", "method")
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

/** Reads lines of JSON. */
export const jsonRow =
  (prompts: PromptRows | undefined) =>
  ({ line, reason, text }: InputLine): Row => {
    const nowhere = { line, id: undefined }
    if (text === undefined) return invalid(nowhere, reason ?? "The line cannot be read")
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return invalid(nowhere, "The line is not JSON")
    }
    if (!Predicate.isObject(value) || Array.isArray(value)) return invalid(nowhere, "The line is not a JSON object")
    return prompts === undefined ? fromRequest({ line, id: idOf(value) }, value) : fromPrompt(line, value, prompts)
  }

/** Reads records of CSV, whose columns are those of its first line. */
export const csvRow =
  (columns: ReadonlyArray<string>, separator: string, prompts: PromptRows) =>
  ({ line, reason, text }: InputLine): Row => {
    const nowhere = { line, id: undefined }
    if (text === undefined) return invalid(nowhere, reason ?? "The row cannot be read")
    const fields = fieldsOf(text, separator)
    if (fields === undefined) {
      return invalid(nowhere, "A field has text after its closing quote: double quotes that are part of the text")
    }
    if (fields.length !== columns.length) {
      return invalid(
        nowhere,
        `The row has ${counted(fields.length, "field")}, and the first line has ${columns.length}`
      )
    }
    return fromPrompt(line, Object.fromEntries(columns.map((name, index) => [name, fields[index] ?? ""])), prompts)
  }
