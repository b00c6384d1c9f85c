/** Assembles tool calls from their deltas, and makes the ids of a message unique. */
import type { ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { ToolCall } from "@kimi-effect/core/Tool"

/** A tool call that is not complete yet. */
export interface PendingToolCall {
  id: string
  type: string
  name: string
  arguments: string
}

const isCompleteJson = (json: string): boolean => {
  // Avoids parsing most of the hundreds of pieces: a complete object ends in a brace.
  if (!json.trimEnd().endsWith("}")) return false
  try {
    JSON.parse(json)
    return true
  } catch {
    return false
  }
}

/** Maximum number of tool calls in a choice; a host that sends more is broken or hostile. */
export const maxToolCalls = 1_024

/** Hosts send blank and repeated ids, but a tool message must refer to exactly one call. */
export class UniqueIds {
  readonly #uses = new Map<string, number>()

  /** Returns the id if it is new, else the id with a number. */
  makeUnique(id: string): string {
    const base = id.trim() === "" ? "call" : id
    const uses = this.#uses.get(base) ?? 0
    this.#uses.set(base, uses + 1)
    return uses === 0 ? base : this.makeUnique(`${base}_${uses + 1}`)
  }
}

/** The tool calls of one choice, in the order in which they started. */
export class ToolCallAssembler {
  readonly calls: Array<PendingToolCall> = []
  /** Position in `calls` by index of the host. */
  readonly #byIndex = new Map<number, number>()
  /** Ids as received, to distinguish a new call from a repeated id. */
  readonly #hostIds: Array<string> = []
  readonly #ids = new UniqueIds()

  /** Adds a delta and returns the position of its call. */
  add(piece: typeof ToolCallChunk.Type): number {
    const id = piece.id ?? ""
    const name = piece.function?.name ?? ""
    const position = this.#positionOf(piece.index ?? undefined, id, name)
    const call = this.calls[position] ?? this.#startCall(position, id)
    if (call.name === "") call.name = name
    if (piece.type) call.type = piece.type
    call.arguments += piece.function?.arguments ?? ""
    return position
  }

  #startCall(position: number, id: string): PendingToolCall {
    const call: PendingToolCall = { id: this.#ids.makeUnique(id), type: "function", name: "", arguments: "" }
    this.calls[position] = call
    this.#hostIds[position] = id
    return call
  }

  #positionOf(index: number | undefined, id: string, name: string): number {
    const last = this.calls.length - 1
    const known = index === undefined ? last : (this.#byIndex.get(index) ?? -1)
    const current = this.calls[known]
    // Some hosts send several calls with one index, and others a new id in every delta: a new call
    // has another id and a name, and either another tool name or a complete call before it.
    const isNew =
      current === undefined ||
      (id !== "" &&
        id !== this.#hostIds[known] &&
        name !== "" &&
        ((current.name !== "" && name !== current.name) || isCompleteJson(current.arguments)))
    if (!isNew) return known
    if (index !== undefined) this.#byIndex.set(index, last + 1)
    return last + 1
  }
}

/** Converts a complete call. */
export const toToolCall = (call: PendingToolCall): ToolCall => ({
  id: call.id,
  type: call.type,
  function: { name: call.name, arguments: call.arguments }
})
