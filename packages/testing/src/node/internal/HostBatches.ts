/** The batches of a server, and its responses to the requests for them. */
import type { Batch, BatchStatus } from "@kimi-effect/core/Batch"
import * as Result from "effect/Result"
import * as ErrorReply from "../../ErrorReply.ts"
import type { RenderedReply } from "../../internal/wirePlan.ts"
import * as Reply from "../../Reply.ts"
import type { BatchEntry, BilledTokens } from "../HostLedger.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import { type BatchLine, parse } from "./batchLines.ts"
import * as Billing from "./billing.ts"
import type { HostFiles } from "../../internal/host/HostFiles.ts"

/** What the batches of a server need of it. */
export interface Host {
  readonly files: HostFiles
  /** The response to the request of a line. */
  readonly answer: (request: ReceivedRequest) => RenderedReply
  readonly acceptsModel: (model: string) => boolean
  /** The time in milliseconds. */
  readonly now: () => number
  /** Milliseconds of each state; without it, each request for a batch ends one. */
  readonly stateMillis: number | undefined
}

/** Source: guide to batches; kimi-k3 is not supported. */
export const batchModels: ReadonlySet<string> = new Set(["kimi-k2.6", "kimi-k2.7-code"])

/** Source: prices of batches. */
const priceFactor = 0.6

const invalid = (message: string): Reply.Json => ErrorReply.make(400, "invalid_request_error", message)

/** The text of the host is not known. */
const unknownBatch = ErrorReply.make(404, "resource_not_found_error", "The batch was not found")

/** The times of a batch, each when its state began, in Unix seconds. The host has none for the end of the window. */
const timeNames = {
  validating: "created_at",
  in_progress: "in_progress_at",
  finalizing: "finalizing_at",
  completed: "completed_at",
  failed: "failed_at",
  expired: undefined,
  cancelling: "cancelling_at",
  cancelled: "cancelled_at"
} as const satisfies { readonly [S in BatchStatus]: string | undefined }

const hoursOf = (window: unknown): number | undefined => {
  const [, count, unit] = /^(\d{1,3})([hd])$/.exec(typeof window === "string" ? window : "") ?? []
  const hours = count === undefined ? 0 : Number(count) * (unit === "d" ? 24 : 1)
  return hours >= 12 && hours <= 7 * 24 ? hours : undefined
}

/** A batch while it runs. Half of its lines run in each of two steps, so that it can end in the middle. */
class RunningBatch {
  readonly id: string
  readonly createdAt: number
  /** The states that have ended. */
  steps = 0
  status: BatchStatus = "validating"
  lines: ReadonlyArray<BatchLine> = []
  readonly results: Array<{ readonly isOk: boolean; readonly text: string; readonly billed: BilledTokens }> = []
  readonly times: { [name: string]: number } = {}
  readonly #host: Host
  readonly #json: { readonly [name: string]: unknown }
  readonly #hours: number
  #outputs: { readonly [name: string]: string } = {}

  constructor(host: Host, id: string, json: { readonly [name: string]: unknown }, hours: number) {
    this.id = id
    this.createdAt = host.now()
    this.#host = host
    this.#json = json
    this.#hours = hours
    this.#enter("validating")
  }

  get isFinal(): boolean {
    return ["completed", "failed", "expired", "cancelled"].includes(this.status)
  }

  /** Ends the current state. */
  advance(): void {
    if (this.isFinal) return
    this.steps++
    if (this.status === "cancelling") return this.#finish("cancelled")
    if (this.#host.now() >= this.createdAt + this.#hours * 3_600_000) return this.#finish("expired")
    switch (this.status) {
      case "validating":
        return this.#validate()
      case "in_progress":
        return this.#runHalf()
      default:
        return this.#finish("completed")
    }
  }

  cancel(): boolean {
    if (!["validating", "in_progress", "finalizing"].includes(this.status)) return false
    this.#enter("cancelling")
    return true
  }

  toJson(): Reply.Json {
    const { completion_window, endpoint, input_file_id, metadata = null } = this.#json
    const names = Object.values(timeNames).filter((name) => name !== undefined)
    const failed = this.results.filter(({ isOk }) => !isOk).length
    const batch = {
      id: this.id,
      object: "batch",
      endpoint,
      input_file_id,
      completion_window,
      status: this.status,
      output_file_id: null,
      error_file_id: null,
      ...Object.fromEntries(names.map((name) => [name, this.times[name] ?? null])),
      expires_at: Math.floor(this.createdAt / 1_000) + this.#hours * 3_600,
      request_counts: { completed: this.results.length - failed, failed, total: this.lines.length },
      metadata,
      ...this.#outputs
    }
    return Reply.json(JSON.parse(JSON.stringify(batch)))
  }

  entry(): BatchEntry {
    return {
      id: this.id,
      model: this.lines[0]?.model,
      status: this.status,
      billed: this.results.reduce((sum, { billed }) => Billing.add(sum, billed), Billing.nothing),
      priceFactor
    }
  }

  #enter(status: BatchStatus): void {
    this.status = status
    const name = timeNames[status]
    if (name !== undefined) this.times[name] = Math.floor(this.#host.now() / 1_000)
  }

  #validate(): void {
    const input = this.#host.files.find(String(this.#json["input_file_id"]))
    const lines = input === undefined ? undefined : parse(input.bytes, this.#host.acceptsModel)
    if (lines === undefined) return this.#enter("failed")
    this.lines = lines
    this.#enter("in_progress")
  }

  #runHalf(): void {
    const half = Math.ceil(this.lines.length / 2)
    const from = this.results.length
    for (const line of this.lines.slice(from, from + half)) this.results.push(this.#run(line))
    if (this.results.length === this.lines.length) this.#enter("finalizing")
  }

  #run({ body, customId }: BatchLine) {
    const text = JSON.stringify(body)
    const request = { method: "POST", path: "/v1/chat/completions", query: "", headers: {}, body: text, json: body }
    const reply = this.#host.answer(request)
    const content = reply.events.join("")
    const read = Result.getOrElse(
      Result.try((): unknown => JSON.parse(content)),
      () => content
    )
    const response = { status_code: reply.status, request_id: "", body: read }
    return {
      isOk: reply.status === 200,
      text: JSON.stringify({ id: customId, custom_id: customId, response, error: null }),
      billed: reply.status === 200 ? Billing.billedFor(reply, content) : Billing.nothing
    }
  }

  #finish(status: BatchStatus): void {
    const outputs: Array<readonly [string, string]> = []
    for (const [name, isOk] of [
      ["output_file_id", true],
      ["error_file_id", false]
    ] as const) {
      const texts = this.results.filter((result) => result.isOk === isOk).map(({ text }) => `${text}\n`)
      if (texts.length === 0) continue
      // The order of the host is not that of the input.
      const bytes = new TextEncoder().encode(texts.toReversed().join(""))
      outputs.push([name, this.#host.files.store(`${this.id}_${name}.jsonl`, "batch_output", bytes).file.id])
    }
    this.#outputs = Object.fromEntries(outputs)
    this.#enter(status)
  }
}

const route = /^\/v1\/batches(?:\/([^/]+)(\/cancel)?)?$/

const membersOf = (json: unknown): { readonly [name: string]: unknown } =>
  typeof json === "object" && json !== null ? { ...json } : {}

/** The batches of one server, in the order of their creation. */
export class HostBatches {
  readonly #batches = new Map<Batch["id"], RunningBatch>()
  readonly #host: Host
  #count = 0

  constructor(host: Host) {
    this.#host = host
  }

  /** The response to a request of this API; `undefined` for any other. */
  respond(request: ReceivedRequest): Reply.Json | undefined {
    const [matched, encoded, cancel] = route.exec(request.path) ?? []
    if (matched === undefined) return undefined
    if (encoded === undefined) {
      if (request.method === "POST") return this.#create(request)
      return request.method === "GET" ? this.#list(request) : undefined
    }
    const batch = this.#batches.get(decodeURIComponent(encoded))
    if (batch === undefined) return unknownBatch
    if (request.method !== (cancel === undefined ? "GET" : "POST")) return undefined
    this.#advance(batch, cancel === undefined)
    if (cancel === undefined || batch.cancel()) return batch.toJson()
    return invalid(`The batch cannot be cancelled in the state ${batch.status}`)
  }

  /** Each batch, and what the host bills for it. */
  entries(): ReadonlyArray<BatchEntry> {
    return Array.from(this.#batches.values(), (batch) => batch.entry())
  }

  clear(): void {
    this.#batches.clear()
    this.#count = 0
  }

  /** With times for the states, as many steps as have passed; otherwise one for each request for the batch. */
  #advance(batch: RunningBatch, isRequested: boolean): void {
    const { now, stateMillis } = this.#host
    if (stateMillis === undefined) {
      if (isRequested) batch.advance()
      return
    }
    const due = Math.floor((now() - batch.createdAt) / stateMillis)
    while (batch.steps < due && !batch.isFinal) batch.advance()
  }

  #create({ json }: ReceivedRequest): Reply.Json {
    const members = membersOf(json)
    const { completion_window, endpoint, input_file_id } = members
    const hours = hoursOf(completion_window)
    if (endpoint !== "/v1/chat/completions") return invalid("Invalid request: endpoint must be /v1/chat/completions")
    if (hours === undefined) return invalid("Invalid request: completion_window must be from 12h to 7d")
    const input = typeof input_file_id === "string" ? this.#host.files.find(input_file_id) : undefined
    if (input?.file.purpose !== "batch") {
      return invalid("Invalid request: input_file_id is not a file with the purpose batch")
    }
    this.#count++
    const batch = new RunningBatch(this.#host, `batch-${`${this.#count}`.padStart(6, "0")}`, members, hours)
    this.#batches.set(batch.id, batch)
    return batch.toJson()
  }

  /** The newest first. */
  #list({ query }: ReceivedRequest): Reply.Json {
    const parameters = new URLSearchParams(query)
    const limit = Math.max(1, Number(parameters.get("limit") ?? 20) || 20)
    const newest = [...this.#batches.values()].toReversed()
    const after = newest.findIndex(({ id }) => id === parameters.get("after"))
    const page = newest.slice(after + 1, after + 1 + limit)
    return Reply.json({
      object: "list",
      data: page.map((batch) => batch.toJson().body),
      has_more: after + 1 + limit < newest.length
    })
  }
}
