/** Puts the pieces of foreign messages together to messages of Kimi. */
import type { ContentPart, Message } from "@kimi-effect/core/Message"
import type { ToolCall } from "@kimi-effect/core/Tool"
import { isObject, own } from "../../../internal/jsonMembers.ts"
import type { Envelope } from "./envelope.ts"
import { OpenCalls } from "./OpenCalls.ts"
import { type FoundCall, type FoundResult, type Piece, readCall, readContent, textOf } from "./pieces.ts"

/** A part that has no place in a message of Kimi. */
export interface Ignored {
  /** The position of the message in the foreign history. */
  readonly index: number
  /** The type of the part, such as `audio`. */
  readonly type: string
}

/** One turn of the model within a message. */
interface Turn {
  text: string
  reasoning: string | undefined
  readonly calls: Array<ToolCall>
  readonly results: Array<Message>
}

const emptyTurn = (): Turn => ({ text: "", reasoning: undefined, calls: [], results: [] })

const isEmptyTurn = ({ calls, reasoning, results, text }: Turn): boolean =>
  text === "" && reasoning === undefined && calls.length === 0 && results.length === 0

/** A list of one text is that text. */
const simplified = (parts: ReadonlyArray<ContentPart>): string | ReadonlyArray<ContentPart> => {
  const [first] = parts
  if (first === undefined) return ""
  return parts.length === 1 && first.type === "text" ? first.text : parts
}

const joinedText = (parts: ReadonlyArray<ContentPart>): string =>
  parts.map((part) => (part.type === "text" ? part.text : "")).join("")

const partsOf = (pieces: ReadonlyArray<Piece>): ReadonlyArray<ContentPart> =>
  pieces.flatMap((piece) => (piece.kind === "part" ? [piece.part] : []))

/** The calls next to the content: of OpenAI and LangChain, in the older form, and those that LangChain could not parse. */
const memberCalls = ({ members }: Envelope): ReadonlyArray<FoundCall> => {
  const kwargs = own(members, "additional_kwargs")
  const extra = isObject(kwargs) ? kwargs : {}
  const listOf = (value: unknown): ReadonlyArray<FoundCall> =>
    Array.isArray(value) ? value.flatMap((call) => readCall(call) ?? []) : []
  const calls = [...listOf(own(members, "tool_calls")), ...listOf(own(members, "invalid_tool_calls"))]
  if (calls.length > 0) return calls
  const further = listOf(own(extra, "tool_calls"))
  return further.length > 0 ? further : listOf([own(members, "function_call") ?? own(extra, "function_call")])
}

const memberReasoning = ({ members }: Envelope): string | undefined => {
  const kwargs = own(members, "additional_kwargs")
  const names = ["reasoning_content", "reasoning"]
  for (const place of [members, isObject(kwargs) ? kwargs : {}]) {
    for (const name of names) {
      const text = textOf(own(place, name))
      if (text !== undefined) return text
    }
  }
  return undefined
}

/** Reads the messages of one history in order. */
export class HistoryReader {
  readonly messages: Array<Message> = []
  readonly ignored: Array<Ignored> = []
  /** Calls without a result. */
  readonly #open = new OpenCalls()
  #calls = 0

  add(envelope: Envelope, index: number): void {
    const pieces = readContent(own(envelope.members, "content") ?? own(envelope.members, "parts"))
    for (const piece of pieces) if (piece.kind === "ignored") this.ignored.push({ index, type: piece.type })
    switch (envelope.role) {
      case "system":
        this.messages.push({ role: "system", content: joinedText(partsOf(pieces)), ...this.#name(envelope) })
        return
      case "user":
        this.#addUser(envelope, pieces)
        return
      case "tool":
        this.#addTool(envelope, pieces)
        return
      case "assistant":
        this.#addAssistant(envelope, pieces)
    }
  }

  #name({ members }: Envelope): { readonly name?: string } {
    const name = textOf(own(members, "name"))
    return name === undefined ? {} : { name }
  }

  /** A message of the user, after the results that some clients put into it. */
  #addUser(envelope: Envelope, pieces: ReadonlyArray<Piece>): void {
    const results = this.#results(pieces)
    this.messages.push(...results)
    const parts = partsOf(pieces)
    if (parts.length > 0 || results.length === 0) {
      this.messages.push({ role: "user", content: simplified(parts), ...this.#name(envelope) })
    }
  }

  #addTool(envelope: Envelope, pieces: ReadonlyArray<Piece>): void {
    const results = this.#results(pieces)
    if (results.length > 0) {
      this.messages.push(...results)
      return
    }
    const { members } = envelope
    const id = textOf(own(members, "tool_call_id") ?? own(members, "toolCallId"))
    const name = textOf(own(members, "name"))
    this.messages.push(this.#result({ id, name, content: simplified(partsOf(pieces)) }))
  }

  #addAssistant(envelope: Envelope, pieces: ReadonlyArray<Piece>): void {
    const turn = this.#lastTurn(pieces, memberReasoning(envelope))
    const refusal = textOf(own(envelope.members, "refusal"))
    if (turn.text === "" && refusal !== undefined) turn.text = refusal
    // LangChain has the same calls in the content and next to it.
    if (turn.calls.length === 0) for (const call of memberCalls(envelope)) turn.calls.push(this.#call(call))
    if (isEmptyTurn(turn) && pieces.some(({ kind }) => kind === "step")) return
    const isPartial = own(envelope.members, "partial") === true
    this.#pushTurn(turn, { ...this.#name(envelope), ...(isPartial ? { partial: true } : {}) })
  }

  /** Adds every turn of a message but the last one, which is returned. */
  #lastTurn(pieces: ReadonlyArray<Piece>, reasoning: string | undefined): Turn {
    let turn: Turn = { ...emptyTurn(), reasoning }
    for (const piece of pieces) {
      const hasResults = turn.results.length > 0
      const startsTurn = piece.kind === "step" || (hasResults && (piece.kind === "part" || piece.kind === "reasoning"))
      if (startsTurn && !isEmptyTurn(turn)) {
        this.#pushTurn(turn, {})
        turn = emptyTurn()
      }
      this.#addPiece(turn, piece)
    }
    return turn
  }

  #addPiece(turn: Turn, piece: Piece): void {
    if (piece.kind === "part" && piece.part.type === "text") turn.text += piece.part.text
    if (piece.kind === "reasoning") turn.reasoning = (turn.reasoning ?? "") + piece.text
    if (piece.kind === "call") turn.calls.push(this.#call(piece.call))
    if (piece.kind === "result") turn.results.push(this.#result(piece.result))
  }

  #pushTurn(
    { calls, reasoning, results, text }: Turn,
    more: { readonly name?: string; readonly partial?: true }
  ): void {
    this.messages.push({
      role: "assistant",
      content: text,
      ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
      ...(calls.length === 0 ? {} : { tool_calls: calls }),
      ...more
    })
    this.messages.push(...results)
  }

  #call({ args, id = `call_${this.#calls}`, name }: FoundCall): ToolCall {
    this.#calls += 1
    this.#open.add(id, name)
    return { id, type: name.startsWith("$") ? "builtin_function" : "function", function: { name, arguments: args } }
  }

  #results(pieces: ReadonlyArray<Piece>): ReadonlyArray<Message> {
    return pieces.flatMap((piece) => (piece.kind === "result" ? [this.#result(piece.result)] : []))
  }

  /** A result; one without an id belongs to the first unanswered call of its tool. */
  #result({ content, id, name }: FoundResult): Message {
    const found = id === undefined ? this.#open.takeByName(name) : this.#open.takeById(id)
    return { role: "tool", tool_call_id: id ?? found ?? "", content }
  }
}
