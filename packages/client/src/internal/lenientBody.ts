/**
 * Reads a body whose members have other types than the API's: what is needed is
 * converted, what is not needed is left out, and both are recorded as warnings.
 * Only bodies that the strict schemas refuse are read here.
 */
import type { ChatCompletion } from "@kimi-effect/core/ChatCompletion"
import type { ChatCompletionChunk, ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { WireUsage } from "@kimi-effect/core/Usage"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

type Json = { readonly [member: string]: unknown }
type CompletionChoice = ChatCompletion["choices"][number]
type ChunkChoice = NonNullable<ChatCompletionChunk["choices"]>[number]
type Message = CompletionChoice["message"]

/** A body that was read, and what was converted or left out. */
export interface LenientBody<A> {
  readonly wire: A
  readonly warnings: ReadonlyArray<string>
}

/** More would only repeat that the host is another one. */
const maxWarnings = 16

/** Collects the warnings of one response, each once. They name members, never values. */
export class Warnings {
  readonly #texts = new Set<string>()

  /** The warnings so far, in order. */
  get all(): ReadonlyArray<string> {
    return [...this.#texts]
  }

  /** Adds a warning, unless it is known or there are too many. */
  add(text: string): void {
    if (this.#texts.size < maxWarnings) this.#texts.add(text)
  }
}

const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const isNullish = (value: unknown): value is null | undefined => value === null || value === undefined

/** A member of the body itself, never of its prototype. */
const own = (body: Json, name: string): unknown => (Object.hasOwn(body, name) ? body[name] : undefined)

const kindOf = (value: unknown): string =>
  Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`

/** Members with values; the others are left out, as optional members of the schemas are. */
const present = <A extends object>(members: A): { readonly [K in keyof A]?: NonNullable<A[K]> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => !isNullish(value))) as {
    readonly [K in keyof A]?: NonNullable<A[K]>
  }

/** Whether a value in place of a list means that there are no entries; anything else may be what the model wrote. */
const saysNone = (value: unknown): boolean =>
  value === "" || value === false || (isRecord(value) && Object.keys(value).length === 0)

const numericText = /^\s*[+-]?\d+(\.\d+)?\s*$/

/** The text of a part of a message, in any of the forms of the hosts. */
const textOfPart = (part: unknown): string | undefined => {
  if (typeof part === "string") return part
  if (!isRecord(part)) return undefined
  for (const name of ["text", "content", "summary", "thinking", "reasoning", "refusal", "value"]) {
    const value = own(part, name)
    if (typeof value === "string") return value
    if (Array.isArray(value)) return value.map((inner) => textOfPart(inner) ?? "").join("")
    if (isRecord(value)) return textOfPart(value)
  }
  return undefined
}

const isReasoningPart = (part: unknown): boolean =>
  isRecord(part) && /^(thinking|reasoning)/.test(String(own(part, "type") ?? ""))

/** Reads one body. After `isUnreadable`, its result must not be used. */
class Reader {
  readonly warnings = new Warnings()
  isUnreadable = false

  #ignored(path: string, value: unknown): undefined {
    this.warnings.add(`${path}: ${kindOf(value)} was ignored`)
  }

  #converted<A>(path: string, value: unknown, result: A): A {
    this.warnings.add(`${path}: ${kindOf(value)} was converted`)
    return result
  }

  /** A short text that names something. */
  word(body: Json, name: string, path = name): string | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (typeof value === "string") return value
    return typeof value === "number" && Number.isFinite(value)
      ? this.#converted(path, value, `${value}`)
      : this.#ignored(path, value)
  }

  /** A finite number, also as text. */
  number(body: Json, name: string, path = name): number | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (typeof value === "number" && Number.isFinite(value)) return value
    return typeof value === "string" && numericText.test(value)
      ? this.#converted(path, value, Number(value))
      : this.#ignored(path, value)
  }

  /** Unix seconds, also as a date. */
  created(body: Json): number | undefined {
    const value = own(body, "created")
    if (typeof value !== "string" || numericText.test(value)) return this.number(body, "created")
    const date = DateTime.make(value)
    return Option.isSome(date)
      ? this.#converted("created", value, Math.floor(DateTime.toEpochMillis(date.value) / 1000))
      : this.#ignored("created", value)
  }

  /** Text of the model: nothing of it is lost. */
  prose(body: Json, name: string, path: string): string | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (typeof value === "string") return value
    if (Array.isArray(value))
      return this.#converted(
        path,
        value,
        this.#joined(value, path, () => true)
      )
    return this.#converted(path, value, textOfPart(value) ?? (isRecord(value) ? JSON.stringify(value) : String(value)))
  }

  #joined(parts: ReadonlyArray<unknown>, path: string, isWanted: (part: unknown) => boolean): string {
    let text = ""
    for (const part of parts) {
      if (!isWanted(part)) continue
      const one = textOfPart(part)
      if (one === undefined) this.#ignored(`${path}[]`, part)
      else text += one
    }
    return text
  }

  usage(body: Json, path: string): typeof WireUsage.Type | undefined {
    const value = own(body, "usage")
    if (isNullish(value)) return undefined
    if (!isRecord(value)) return this.#ignored(path, value)
    const details = (name: string, counts: ReadonlyArray<string>) => {
      const inner = own(value, name)
      if (isNullish(inner)) return undefined
      if (!isRecord(inner)) return this.#ignored(`${path}.${name}`, inner)
      return present(
        Object.fromEntries(counts.map((count) => [count, this.number(inner, count, `${path}.${name}.${count}`)]))
      )
    }
    const count = (name: string) => this.number(value, name, `${path}.${name}`)
    return present({
      prompt_tokens: count("prompt_tokens"),
      completion_tokens: count("completion_tokens"),
      total_tokens: count("total_tokens"),
      cached_tokens: count("cached_tokens"),
      prompt_tokens_details: details("prompt_tokens_details", ["cached_tokens", "cache_write_tokens"]),
      completion_tokens_details: details("completion_tokens_details", ["reasoning_tokens"])
    })
  }

  /** The entries of a list that are objects; an object in place of the list is its only entry. */
  entries(body: Json, name: string, path: string, isEntry: (value: Json) => boolean): ReadonlyArray<Json> | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (isRecord(value) && isEntry(value)) return this.#converted(path, value, [value])
    if (!Array.isArray(value)) {
      if (saysNone(value) && name !== "choices") return this.#ignored(path, value)
      this.isUnreadable = true
      return undefined
    }
    const records = value.filter(isRecord)
    for (const one of value) if (!isRecord(one)) this.#ignored(`${path}[]`, one)
    if (records.length === 0 && value.some((one) => !isNullish(one))) this.isUnreadable = true
    return records
  }

  toolCall(body: Json, path: string): typeof ToolCallChunk.Type {
    const inner = own(body, "function")
    // Some hosts send name and arguments next to the id.
    const called = isRecord(inner) ? inner : body
    const at = `${path}.function`
    if (!isRecord(inner) && !isNullish(inner)) this.#ignored(at, inner)
    return present({
      index: this.number(body, "index", `${path}.index`),
      id: this.word(body, "id", `${path}.id`),
      type: this.word(body, "type", `${path}.type`),
      function: present({
        name: this.word(called, "name", `${at}.name`),
        arguments: this.#toolArguments(called, `${at}.arguments`)
      })
    })
  }

  #toolArguments(called: Json, path: string): string | undefined {
    const value = own(called, "arguments")
    if (isNullish(value) || typeof value === "string") return value ?? undefined
    return this.#converted(path, value, JSON.stringify(value))
  }

  /** The members of a message or of a delta. */
  message(body: Json, path: string): Message {
    const content = own(body, "content")
    const calls = this.entries(body, "tool_calls", `${path}.tool_calls`, (one) => Object.keys(one).length > 0)
    const thinking =
      Array.isArray(content) && content.some(isReasoningPart)
        ? this.#joined(content, `${path}.content`, isReasoningPart)
        : undefined
    const text =
      thinking !== undefined && Array.isArray(content)
        ? this.#joined(content, `${path}.content`, (part) => !isReasoningPart(part))
        : this.prose(body, "content", `${path}.content`)
    if (thinking !== undefined) this.#converted(`${path}.content`, content, undefined)
    return present({
      content: text,
      reasoning_content: this.prose(body, "reasoning_content", `${path}.reasoning_content`) || thinking,
      reasoning: this.prose(body, "reasoning", `${path}.reasoning`),
      reasoning_details: this.#reasoningDetails(body, `${path}.reasoning_details`),
      refusal: this.prose(body, "refusal", `${path}.refusal`),
      tool_calls: calls?.map((call) => this.toolCall(call, `${path}.tool_calls[]`))
    }) as Message
  }

  #reasoningDetails(body: Json, path: string): Message["reasoning_details"] {
    const value = own(body, "reasoning_details")
    if (isNullish(value)) return undefined
    const parts = Array.isArray(value) ? value : [value]
    if (!Array.isArray(value)) this.#converted(path, value, undefined)
    return parts.flatMap((part) => {
      const text = textOfPart(part)
      if (text === undefined && !isRecord(part)) this.#ignored(`${path}[]`, part)
      return text === undefined ? [] : [{ text }]
    })
  }

  head(body: Json) {
    return {
      id: this.word(body, "id"),
      created: this.created(body),
      model: this.word(body, "model"),
      system_fingerprint: this.word(body, "system_fingerprint")
    }
  }

  #choice(body: Json) {
    const reason = own(body, "finish_reason")
    return {
      index: this.number(body, "index", "choices[].index"),
      finish_reason: typeof reason === "string" || isNullish(reason) ? reason : this.#ignored("finish_reason", reason),
      usage: this.usage(body, "choices[].usage")
    }
  }

  completionChoice(body: Json): CompletionChoice {
    const message = own(body, "message")
    if (!isRecord(message)) this.isUnreadable = true
    return {
      ...present(this.#choice(body)),
      message: isRecord(message) ? this.message(message, "choices[].message") : {}
    }
  }

  chunkChoice(body: Json): ChunkChoice {
    const delta = own(body, "delta")
    const isEmpty = isNullish(delta) || delta === "" || delta === false || (Array.isArray(delta) && delta.length === 0)
    if (!isRecord(delta) && !isEmpty) this.isUnreadable = true
    return {
      ...present(this.#choice(body)),
      ...(isRecord(delta) ? { delta: this.message(delta, "choices[].delta") } : {})
    }
  }
}

/** Reads the body of a plain response; `undefined` if it has no choices that can be read. */
export const completionFrom = (body: unknown): LenientBody<ChatCompletion> | undefined => {
  if (!isRecord(body)) return undefined
  const reader = new Reader()
  const choices = reader.entries(body, "choices", "choices", (one) => Object.hasOwn(one, "message"))
  if (choices === undefined) return undefined
  const wire = {
    ...present(reader.head(body)),
    choices: choices.map((choice) => reader.completionChoice(choice)),
    ...present({ usage: reader.usage(body, "usage") })
  }
  return reader.isUnreadable ? undefined : { wire, warnings: reader.warnings.all }
}

/** Reads an event of a stream; `undefined` if what the model wrote cannot be read. */
export const chunkFrom = (body: unknown): LenientBody<ChatCompletionChunk> | undefined => {
  if (!isRecord(body)) return undefined
  const reader = new Reader()
  const choices = reader.entries(body, "choices", "choices", (one) => Object.hasOwn(one, "delta"))
  const error = own(body, "error")
  const wire = {
    ...present(reader.head(body)),
    ...present({ choices: choices?.map((choice) => reader.chunkChoice(choice)), usage: reader.usage(body, "usage") }),
    ...(error === undefined ? {} : { error })
  }
  return reader.isUnreadable ? undefined : { wire, warnings: reader.warnings.all }
}
