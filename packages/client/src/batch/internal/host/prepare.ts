/** Checks the rows of a batch for everything that the host would refuse it for, and encodes its file. */
import { type BatchIssue, InvalidBatchError } from "@kimi-effect/core/BatchErrors"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import { counted } from "@kimi-effect/core/internal/Counted"
import * as Cost from "@kimi-effect/core/Cost"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import type * as PriceTable from "@kimi-effect/core/PriceTable"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { encode } from "../../../internal/encodeRequest.ts"
import { readRequest } from "../../../internal/readRequest.ts"
import type { Provider } from "../../../Provider.ts"
import * as RequestCheck from "../../../RequestCheck.ts"
import { isLine } from "./checkRows.ts"
import type { BatchRow } from "../../BatchResponse.ts"
import { toRow } from "../RowInput.ts"

/**
 * A row of a prepared batch.
 *
 * @category models
 * @since 0.1.0
 */
export interface HostRow {
  readonly id: string
  /** From 1. */
  readonly line: number
  /** Absent where the rows were not kept. */
  readonly request?: ModelRequest | undefined
  /** The model in the file at the host, of a row that was read from it. */
  readonly model?: string | undefined
}

/**
 * Rows that a host can run.
 *
 * @category models
 * @since 0.1.0
 */
export interface PreparedBatch {
  readonly model: string
  readonly rows: ReadonlyArray<HostRow>
  /** The lines of the file. */
  readonly content: Blob
  /** The worst-case cost at the price of batches, and at that of single calls; none if a price is not known. */
  readonly cost: { readonly host: Option.Option<Cost.Cost>; readonly local: Option.Option<Cost.Cost> }
}

export interface PrepareSettings {
  readonly provider: Provider
  /** The model of rows that name none. */
  readonly model: string
  readonly maxRows: number
  readonly maxBytes: number
  readonly prices: PriceTable.Prices
  /** The day of the prices. */
  readonly day: string
  /** Whether the requests stay in memory. */
  readonly keepsRequests: boolean
}

const maxListedIssues = 100
const chunkCharacters = 256 * 1024

/** Source: guide to batches. They must be left out. */
const forbidden = ["temperature", "top_p", "n", "presence_penalty", "frequency_penalty"] as const

const forbiddenIn = ({ extra_body, ...members }: ModelRequest): string | undefined =>
  forbidden.find((name) => members[name] !== undefined) ??
  forbidden.map((name) => `extra_body.${name}`).find((path) => Object.hasOwn(extra_body ?? {}, path.slice(11)))

const encoder = new TextEncoder()

class Preparation {
  readonly issues: Array<BatchIssue> = []
  issueCount = 0
  readonly rows: Array<HostRow> = []
  readonly #parts: Array<Uint8Array<ArrayBuffer>> = []
  #text = ""
  #bytes = 0
  #model: string | undefined
  readonly #lineOfId = new Map<string, number>()
  readonly #lines = new Set<number>()
  readonly #settings: PrepareSettings
  #cost: PreparedBatch["cost"] | undefined

  constructor(settings: PrepareSettings) {
    this.#settings = settings
  }

  /** Whether there is no use in reading further rows. */
  get isFull(): boolean {
    return this.#bytes > this.#settings.maxBytes || this.rows.length > this.#settings.maxRows
  }

  report(issue: BatchIssue): void {
    this.issueCount += 1
    if (this.issues.length < maxListedIssues) this.issues.push(issue)
  }

  /** `count` is the line of a row that names none. */
  add = (row: BatchRow, count: number): Effect.Effect<void> => {
    const { id: given, line: named = count, request } = row
    const line = isLine(named) ? named : count
    if (line !== named) this.report({ line, reason: "The line must be a whole number from 1", parameter: "line" })
    const id = given ?? `${line}`
    const at = typeof id === "string" ? { line, id } : { line }
    this.#checkPlace(line, id)
    const { model, provider } = this.#settings
    const read = readRequest(request, provider.id, (own) => own ?? model)
    if (Result.isFailure(read)) {
      this.report({ ...at, reason: read.failure.message })
      return Effect.void
    }
    this.#checkModel(at, read.success.model)
    const member = forbiddenIn(read.success)
    if (member !== undefined) {
      this.report({ ...at, reason: `Leave out ${member}: the host fixes it in batches`, parameter: member })
      return Effect.void
    }
    return Effect.match(RequestCheck.check(read.success, provider, "reject"), {
      onFailure: (error) => {
        const parameter = "parameter" in error ? error.parameter : undefined
        this.report({ ...at, reason: error.message, ...(parameter === undefined ? {} : { parameter }) })
      },
      onSuccess: (checked) => this.#append({ id, line }, checked)
    })
  }

  /** Their ids distinguish rows at the host, and their lines do here. */
  #checkPlace(line: number, id: unknown): void {
    if (typeof id !== "string" || id === "") {
      return this.report({ line, reason: "The id must be a text that is not empty", parameter: "id" })
    }
    const earlier = this.#lineOfId.get(id)
    if (earlier !== undefined) {
      return this.report({ line, id, reason: `Line ${earlier} has the same id`, parameter: "id" })
    }
    this.#lineOfId.set(id, line)
    if (this.#lines.has(line)) this.report({ line, id, reason: "Another row has the same line", parameter: "line" })
    this.#lines.add(line)
  }

  #checkModel(at: { readonly line: number; readonly id?: string }, model: string): void {
    if (this.#model !== undefined) {
      if (this.#model === model) return
      return this.report({ ...at, reason: `The first row has the model ${this.#model}`, parameter: "model" })
    }
    this.#model = model
    const known = this.#settings.provider.isMoonshot ? ModelCatalog.find(model) : undefined
    if (known === undefined || known.capabilities.batch) return
    const names = ModelCatalog.batchModels.join(" or ")
    this.report({ ...at, reason: `The host runs no batches of ${model}: use ${names}`, parameter: "model" })
  }

  #append(row: { readonly id: string; readonly line: number }, request: ModelRequest): void {
    const { day, keepsRequests, prices, provider } = this.#settings
    this.rows.push(keepsRequests ? { ...row, request } : row)
    // Without room for further lines, only their number and problems are of interest.
    if (this.isFull) return
    const body = encode(request, { provider, model: request.model, stream: false })
    const head = `{"custom_id":${JSON.stringify(row.id)},"method":"POST","url":"/v1/chat/completions","body":`
    this.#text += `${head}${body}}\n`
    if (this.#text.length >= chunkCharacters) this.#flush()
    const purchase = { provider: provider.id, day }
    const cost = {
      host: Cost.worstCase(request, { ...purchase, isBatch: true }, prices),
      local: Cost.worstCase(request, purchase, prices)
    }
    this.#cost =
      this.#cost === undefined
        ? cost
        : {
            host: Option.zipWith(this.#cost.host, cost.host, Cost.sum),
            local: Option.zipWith(this.#cost.local, cost.local, Cost.sum)
          }
  }

  #flush(): void {
    const bytes = encoder.encode(this.#text)
    this.#text = ""
    this.#bytes += bytes.length
    if (this.#bytes <= this.#settings.maxBytes) this.#parts.push(bytes)
    else this.#parts.length = 0
  }

  finish(): Result.Result<PreparedBatch, InvalidBatchError> {
    const { maxBytes, maxRows, model } = this.#settings
    this.#flush()
    if (this.#bytes > maxBytes) {
      this.report({
        reason: `The file of the batch would be larger than ${counted(maxBytes, "byte")}: use several batches`
      })
    }
    if (this.rows.length > maxRows) {
      this.report({ reason: `The batch has more than ${counted(maxRows, "row")}: use several batches` })
    }
    if (this.#model === undefined && this.issueCount === 0) this.report({ reason: "The batch has no rows" })
    const [first] = this.issues
    if (first !== undefined) {
      const place = first.line === undefined ? "" : `line ${first.line}: `
      const message = `The host would refuse the batch: ${place}${first.reason}`
      return Result.fail(new InvalidBatchError({ message, issues: this.issues, count: this.issueCount }))
    }
    return Result.succeed({
      model: this.#model ?? model,
      rows: this.rows,
      content: new Blob(this.#parts, { type: "application/jsonl" }),
      cost: this.#cost ?? { host: Option.none(), local: Option.none() }
    })
  }
}

/** Reads all rows, so that the error lists every problem. */
export const prepare = <E, R>(
  input: Stream.Stream<ChatRequest | BatchRow, E, R>,
  settings: PrepareSettings
): Effect.Effect<PreparedBatch, InvalidBatchError | E, R> =>
  Effect.suspend(() => {
    const preparation = new Preparation(settings)
    let count = 0
    return input.pipe(
      Stream.takeWhile(() => !preparation.isFull),
      Stream.runForEach((given) => {
        count += 1
        return preparation.add(toRow(given), count)
      }),
      Effect.andThen(Effect.suspend(() => Effect.fromResult(preparation.finish())))
    )
  })
