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
import { isChoice, listOf } from "./choiceList.ts"
import { isReasoningPart, textOfPart } from "./contentParts.ts"
import { isObject, isNullish, type Members, kindOf, own, present } from "./jsonMembers.ts"
import { Warnings } from "./Warnings.ts"

type CompletionChoice = ChatCompletion["choices"][number]
type ChunkChoice = NonNullable<ChatCompletionChunk["choices"]>[number]
type Message = CompletionChoice["message"]

/** A body that was read, and what was converted or left out. */
export interface LenientBody<A> {
  readonly wire: A
  readonly warnings: ReadonlyArray<string>
}

/** Whether a value in place of a list means that there are no entries; anything else may be what the model wrote. */
const saysNone = (value: unknown): boolean =>
  value === "" || value === false || (isObject(value) && Object.keys(value).length === 0)

/** Whether an entry of a list may be what the model wrote; a number, a flag or an empty value cannot be. */
const mayBeWritten = (entry: unknown): boolean =>
  (typeof entry === "string" && entry !== "") || (Array.isArray(entry) && entry.length > 0)

const numericText = /^\s*[+-]?\d+(\.\d+)?\s*$/

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
  word(body: Members, name: string, path = name): string | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (typeof value === "string") return value
    return typeof value === "number" && Number.isFinite(value)
      ? this.#converted(path, value, `${value}`)
      : this.#ignored(path, value)
  }

  /** A finite number, also as text. */
  number(body: Members, name: string, path = name): number | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (typeof value === "number" && Number.isFinite(value)) return value
    return typeof value === "string" && numericText.test(value)
      ? this.#converted(path, value, Number(value))
      : this.#ignored(path, value)
  }

  /** Unix seconds, also as a date. */
  created(body: Members): number | undefined {
    const value = own(body, "created")
    if (typeof value !== "string" || numericText.test(value)) return this.number(body, "created")
    const date = DateTime.make(value)
    return Option.isSome(date)
      ? this.#converted("created", value, Math.floor(DateTime.toEpochMillis(date.value) / 1000))
      : this.#ignored("created", value)
  }

  /** Text of the model: nothing of it is lost. */
  prose(body: Members, name: string, path: string): string | undefined {
    const value = own(body, name)
    if (isNullish(value)) return undefined
    if (typeof value === "string") return value
    if (saysNone(value)) return this.#ignored(path, value)
    if (Array.isArray(value))
      return this.#converted(
        path,
        value,
        this.#joined(value, path, () => true)
      )
    return this.#converted(path, value, textOfPart(value) ?? (isObject(value) ? JSON.stringify(value) : String(value)))
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

  usage(body: Members, path: string): typeof WireUsage.Type | undefined {
    const value = own(body, "usage")
    if (isNullish(value)) return undefined
    if (!isObject(value)) return this.#ignored(path, value)
    const details = (name: string, counts: ReadonlyArray<string>) => {
      const inner = own(value, name)
      if (isNullish(inner)) return undefined
      if (!isObject(inner)) return this.#ignored(`${path}.${name}`, inner)
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

  /** A list in another form: its only entry, or an object of its positions. */
  #list(value: unknown, path: string, isEntry: (value: Members) => boolean): unknown {
    const list = listOf(value, isEntry)
    return list === undefined || list === value ? value : this.#converted(path, value, list)
  }

  /** The entries of a list that are objects; an object in place of the list is its only entry. */
  entries(
    body: Members,
    name: string,
    path: string,
    isEntry: (value: Members) => boolean
  ): ReadonlyArray<Members> | undefined {
    const value = this.#list(own(body, name), path, isEntry)
    if (isNullish(value)) return undefined
    if (!Array.isArray(value)) {
      // Choices are what an event is about, but for the last one of some hosts, which has only usage.
      if (saysNone(value) && (name !== "choices" || isObject(own(body, "usage")))) return this.#ignored(path, value)
      this.isUnreadable = true
      return undefined
    }
    const records = value.filter(isObject)
    for (const one of value) if (!isObject(one)) this.#ignored(`${path}[]`, one)
    const isNeeded = name === "choices" ? (one: unknown) => !isNullish(one) : mayBeWritten
    if (records.length === 0 && value.some(isNeeded)) this.isUnreadable = true
    return records
  }

  toolCall(body: Members, path: string): typeof ToolCallChunk.Type {
    const inner = own(body, "function")
    // Some hosts send name and arguments next to the id.
    const called = isObject(inner) ? inner : body
    const at = `${path}.function`
    if (!isObject(inner) && !isNullish(inner)) this.#ignored(at, inner)
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

  #toolArguments(called: Members, path: string): string | undefined {
    const value = own(called, "arguments")
    if (isNullish(value) || typeof value === "string") return value ?? undefined
    return this.#converted(path, value, JSON.stringify(value))
  }

  #toolCalls(body: Members, path: string): ReadonlyArray<typeof ToolCallChunk.Type> | undefined {
    const calls = this.entries(body, "tool_calls", `${path}.tool_calls`, (one) => Object.keys(one).length > 0)
    return calls?.map((one) => this.toolCall(one, `${path}.tool_calls[]`))
  }

  /** The only call of a host with the older form of the API, which has no id; none next to calls in today's form. */
  #functionCall(
    body: Members,
    path: string,
    calls: ReadonlyArray<unknown> | null | undefined
  ): typeof ToolCallChunk.Type | undefined {
    const value = own(body, "function_call")
    if (isNullish(value)) return undefined
    const call: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value
    const hasCalls = !isNullish(calls) && calls.length > 0
    if (hasCalls || !isObject(call) || saysNone(call)) return this.#ignored(path, value)
    if (call !== value) this.#converted(path, value, undefined)
    return this.toolCall({ function: call }, path)
  }

  /** The members of a message or of a delta. */
  message(body: Members, path: string): Message {
    const content = own(body, "content")
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
      tool_calls: this.#toolCalls(body, path)
    }) as Message
  }

  #reasoningDetails(body: Members, path: string): Message["reasoning_details"] {
    const value = own(body, "reasoning_details")
    if (isNullish(value)) return undefined
    const parts = Array.isArray(value) ? value : [value]
    if (!Array.isArray(value)) this.#converted(path, value, undefined)
    return parts.flatMap((part) => {
      const text = textOfPart(part)
      if (text === undefined && !isObject(part)) this.#ignored(`${path}[]`, part)
      return text === undefined ? [] : [{ text }]
    })
  }

  head(body: Members) {
    return {
      id: this.word(body, "id"),
      created: this.created(body),
      model: this.word(body, "model"),
      system_fingerprint: this.word(body, "system_fingerprint")
    }
  }

  #choice(body: Members) {
    const reason = own(body, "finish_reason")
    return {
      index: this.number(body, "index", "choices[].index"),
      finish_reason: typeof reason === "string" || isNullish(reason) ? reason : this.#ignored("finish_reason", reason),
      usage: this.usage(body, "choices[].usage")
    }
  }

  completionChoice(body: Members): CompletionChoice {
    const message = own(body, "message")
    if (!isObject(message)) this.isUnreadable = true
    return { ...present(this.#choice(body)), message: isObject(message) ? this.#wholeMessage(message) : {} }
  }

  #wholeMessage(body: Members): Message {
    const path = "choices[].message"
    const message = this.message(body, path)
    const at = `${path}.function_call`
    const call = this.#functionCall(body, at, message.tool_calls)
    return call === undefined
      ? message
      : ({ ...message, tool_calls: [this.#converted(at, own(body, "function_call"), call)] } as Message)
  }

  /** Pieces of a call in the older form stay apart from those in today's: a host may send both. */
  #delta(body: Members): NonNullable<ChunkChoice["delta"]> {
    const path = "choices[].delta"
    const delta = this.message(body, path)
    const call = this.#functionCall(body, `${path}.function_call`, delta.tool_calls)?.function
    return isNullish(call) ? delta : { ...delta, function_call: call }
  }

  chunkChoice(body: Members): ChunkChoice {
    const delta = own(body, "delta")
    const isEmpty = isNullish(delta) || delta === "" || delta === false || (Array.isArray(delta) && delta.length === 0)
    if (!isObject(delta) && !isEmpty) this.isUnreadable = true
    return {
      ...present(this.#choice(body)),
      ...(isObject(delta) ? { delta: this.#delta(delta) } : {})
    }
  }
}

/** Reads the body of a plain response; `undefined` if it has no choices that can be read. */
export const completionFrom = (body: unknown): LenientBody<ChatCompletion> | undefined => {
  if (!isObject(body)) return undefined
  const reader = new Reader()
  const choices = reader.entries(body, "choices", "choices", isChoice)
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
  if (!isObject(body)) return undefined
  const reader = new Reader()
  const choices = reader.entries(body, "choices", "choices", isChoice)
  const error = own(body, "error")
  const wire = {
    ...present(reader.head(body)),
    ...present({ choices: choices?.map((choice) => reader.chunkChoice(choice)), usage: reader.usage(body, "usage") }),
    ...(error === undefined ? {} : { error })
  }
  return reader.isUnreadable ? undefined : { wire, warnings: reader.warnings.all }
}
