/** Puts tool calls together from pieces, and gives every call of a turn an id of its own. */
import type { ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { ToolCall } from "@kimi-effect/core/Tool"

/** A call that is still coming in. */
export interface PendingToolCall {
  id: string
  type: string
  name: string
  arguments: string
}

const isCompleteJson = (json: string): boolean => {
  // A cheap look before the costly one: pieces arrive by the hundred, complete objects end in a brace.
  if (!json.trimEnd().endsWith("}")) return false
  try {
    JSON.parse(json)
    return true
  } catch {
    return false
  }
}

/** Most calls in one answer; a host that sends more is broken or hostile. */
export const maxToolCalls = 1_024

/** Blank and repeated ids occur; a tool message must be able to name exactly one call. */
export class UniqueIds {
  readonly #uses = new Map<string, number>()

  /** The id itself when it is new, else the id with a number. */
  makeUnique(id: string): string {
    const base = id.trim() === "" ? "call" : id
    const uses = this.#uses.get(base) ?? 0
    this.#uses.set(base, uses + 1)
    return uses === 0 ? base : this.makeUnique(`${base}_${uses + 1}`)
  }
}

/** The calls of one choice, in the order they began. */
export class ToolCallAssembler {
  readonly calls: Array<PendingToolCall> = []
  /** Position in `calls` by the host's index. */
  readonly #byIndex = new Map<number, number>()
  /** Ids as the host gave them, to tell a new call from a repeated id. */
  readonly #hostIds: Array<string> = []
  readonly #ids = new UniqueIds()

  /** Adds a piece and returns the position of its call. */
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
    // One index may carry several calls at some hosts, and a fresh id on every
    // piece at others: a new call has another id, a name, and another tool or a complete call before it.
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

/** The finished form of a call. */
export const toToolCall = (call: PendingToolCall): ToolCall => ({
  id: call.id,
  type: call.type,
  function: { name: call.name, arguments: call.arguments }
})
