/** Assembles tool calls from their deltas, and makes the ids of a message unique. */
import type { ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"
import type { ToolCall } from "@kimi-effect/core/Tool"
import type { MarkupCall } from "./MarkupPolicy.ts"
import { PendingToolCall } from "./PendingToolCall.ts"

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

/** The names of the request's tools, which distinguish a part of a name from a whole one. Most calls do not need them. */
export type ToolNames = () => ReadonlySet<string>

const noNames: ToolNames = () => new Set()

const startsObject = (args: string): boolean => args.trimStart().startsWith("{")

/** The tool calls of one choice, in the order in which they started. */
export class ToolCallAssembler {
  readonly calls: Array<PendingToolCall> = []
  /** Position in `calls` by index of the host. */
  readonly #byIndex = new Map<number, number>()
  /** Latest position in `calls` by id of the host. */
  readonly #byId = new Map<string, number>()
  readonly #ids = new UniqueIds()
  readonly #names: ToolNames

  constructor(names: ToolNames = noNames) {
    this.#names = names
  }

  /** Adds a delta and returns the position of its call. */
  add(piece: typeof ToolCallChunk.Type): number {
    const id = piece.id?.trim() ? piece.id : ""
    const name = piece.function?.name ?? ""
    const args = piece.function?.arguments ?? ""
    const position = this.#positionOf(piece.index ?? undefined, id, name, args)
    const call = this.calls[position] ?? this.#startCall(position, id)
    if (name !== "") call.addName(name, id !== "")
    if (args !== "") call.addArguments(args)
    if (piece.type) call.type = piece.type
    return position
  }

  /** Adds a call that was read from markup, and returns its position; `undefined` if the host sent the same call. */
  addWhole({ id, name, arguments: args }: MarkupCall): number | undefined {
    if (this.calls.some((call) => call.name === name && call.wholeArguments.trim() === args)) return undefined
    const call = new PendingToolCall(this.#ids.makeUnique(id), id)
    call.addName(name, true)
    call.addArguments(args)
    return this.calls.push(call) - 1
  }

  /** The first call that has several readings or none. */
  get uncertain(): PendingToolCall | undefined {
    return this.calls.find((call) => !call.isCertain(this.#names))
  }

  /** Converts a complete call. */
  resolve(call: PendingToolCall): ToolCall {
    return {
      id: call.id,
      type: call.type,
      function: { name: call.nameAmong(this.#names) ?? call.name, arguments: call.wholeArguments }
    }
  }

  #startCall(position: number, id: string): PendingToolCall {
    const call = new PendingToolCall(this.#ids.makeUnique(id), id)
    this.calls[position] = call
    if (id !== "") this.#byId.set(id, position)
    return call
  }

  #positionOf(index: number | undefined, id: string, name: string, args: string): number {
    const last = this.calls.length - 1
    const known = index === undefined ? (this.#byId.get(id) ?? last) : (this.#byIndex.get(index) ?? -1)
    const current = this.calls[known]
    if (current !== undefined && !this.#isNew(current, id, name, args)) {
      if (index !== undefined && id !== current.hostId) this.#checkId(current, id, known)
      return known
    }
    if (index !== undefined) this.#byIndex.set(index, last + 1)
    return last + 1
  }

  /** An id of another call contradicts the index. */
  #checkId(current: PendingToolCall, id: string, position: number): void {
    if ((this.#byId.get(id) ?? position) !== position) current.isAmbiguous = true
  }

  /**
   * Some hosts send several calls with one index, and others a new id in every
   * delta: a new call has a name, and another id, another tool or a complete
   * call before it. What has two readings makes the call ambiguous.
   */
  #isNew(current: PendingToolCall, id: string, name: string, args: string): boolean {
    if (name === "" || current.name === "") return false
    const isSameId = id !== "" && id === current.hostId
    const isOtherId = id !== "" && !isSameId
    if (name === current.name) return !isSameId && this.#isAnotherOfThisTool(current, isOtherId, args)
    const isNamed = isOtherId || !name.startsWith(current.name) ? this.#isNamedApart(current, name) : undefined
    if (isNamed !== undefined) return isNamed
    if (isOtherId) return true
    return current.isComplete && this.#isAfterComplete(current, isSameId, args)
  }

  /** Whether the tools of the request separate two names, or join them; `undefined` if they do not decide. */
  #isNamedApart(current: PendingToolCall, name: string): boolean | undefined {
    const names = this.#names()
    const isJoined = names.has(current.name + name)
    const isSeparate = names.has(current.name) && names.has(name)
    if (isJoined && isSeparate) current.isAmbiguous = true
    return isJoined || isSeparate ? !isJoined : undefined
  }

  /** Arguments after complete ones cannot belong to the call whose name continues. */
  #isAfterComplete(current: PendingToolCall, isSameId: boolean, args: string): boolean {
    if (!isSameId && startsObject(args) && args !== current.wholeArguments) return true
    if (!isSameId || args !== "") current.isAmbiguous = true
    return false
  }

  #isAnotherOfThisTool(current: PendingToolCall, isOtherId: boolean, args: string): boolean {
    if (!current.isComplete) {
      // A call without arguments and another one, or one call whose head is repeated.
      if (isOtherId && current.hostId !== "" && current.isWithoutArguments) current.isAmbiguous = true
      return false
    }
    if (isOtherId) return true
    if (!startsObject(args)) return false
    // Without ids, equal calls may be one that is repeated.
    if (args === current.wholeArguments) current.isAmbiguous = true
    return args !== current.wholeArguments
  }
}
