/** Computes what the requests of a file will cost. */
import * as BatchJob from "@kimi-effect/client/node/BatchJob"
import * as Provider from "@kimi-effect/client/Provider"
import * as RequestCheck from "@kimi-effect/client/RequestCheck"
import type { ChatRequest, ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as Cost from "@kimi-effect/core/Cost"
import { counted } from "@kimi-effect/core/internal/Counted"
import { currencySymbols } from "@kimi-effect/core/internal/CurrencySymbols"
import { user } from "@kimi-effect/core/Message"
import * as ModelCatalog from "@kimi-effect/core/ModelCatalog"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { fromTokens } from "@kimi-effect/core/Usage"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as configuration from "../configuration.ts"
import { CommandError, UsageError } from "../commandError.ts"
import * as InputFile from "../inputFile.ts"
import { flagOf, type Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { CostEstimate } from "../schemas/cost.ts"
import { type InputFlags, isStandard, jobInput, membersOf } from "./batchFiles.ts"
import { RecentRequests } from "./recentRequests.ts"

interface Input {
  readonly file: string
  readonly text: boolean
  readonly read: InputFlags
  readonly outputTokens: number
  readonly batch: boolean
  readonly json: boolean
  readonly options: Given
}

/** Where and when the requests are sent. */
interface Purchase {
  readonly provider: string
  readonly isMoonshot: boolean
  readonly day: string
  readonly isBatch: boolean
}

interface Sum {
  likely: BigDecimal.BigDecimal
  worst: BigDecimal.BigDecimal
}

/** Sums in constant memory. */
class Estimate {
  requests = 0
  /** Rows that are equal to a recent one, whose answer they get: only the worst cost has them. */
  repeated = 0
  /** Rows that fail before they are sent. */
  invalid = 0
  /** Lines that are no rows. */
  rejected = 0
  promptTokens = 0
  likelyTokens = 0
  worstTokens = 0
  readonly sums = new Map<"USD" | "CNY", Sum>()
  readonly unpriced = new Set<string>()
  /** Models of which the host runs no batches. */
  readonly withoutBatches = new Set<string>()
  readonly #at: Purchase
  readonly #prices: PriceTable.Prices
  readonly #outputTokens: number

  constructor(at: Purchase, prices: PriceTable.Prices, outputTokens: number) {
    this.#at = at
    this.#prices = prices
    this.#outputTokens = outputTokens
  }

  add(request: ModelRequest, isRepeated: boolean): void {
    if (this.#isRefused(request.model)) {
      this.invalid++
      this.withoutBatches.add(request.model)
      return
    }
    const prompt = TokenCount.ofPrompt(request)
    const most = TokenCount.maxCompletion(request)
    const likelyTokens = Math.min(most, this.#outputTokens * TokenCount.choiceCount(request))
    this.worstTokens += most
    if (isRepeated) this.repeated++
    else {
      this.requests++
      this.promptTokens += prompt
      this.likelyTokens += likelyTokens
    }
    const likely = Cost.of(fromTokens(prompt, likelyTokens), { ...this.#at, model: request.model }, this.#prices)
    const worst = Cost.worstCase(request, this.#at, this.#prices)
    if (Option.isNone(likely) || Option.isNone(worst)) {
      this.unpriced.add(request.model)
      return
    }
    const { currency } = likely.value
    const sum = this.sums.get(currency) ?? { likely: BigDecimal.fromBigInt(0n), worst: BigDecimal.fromBigInt(0n) }
    if (!isRepeated) sum.likely = BigDecimal.sum(sum.likely, likely.value.total)
    sum.worst = BigDecimal.sum(sum.worst, worst.value.total)
    this.sums.set(currency, sum)
  }

  /** Whether the host would refuse a batch of this model. That it has a price for batches does not mean that it runs any. */
  #isRefused(model: string): boolean {
    const { isBatch, isMoonshot } = this.#at
    return isBatch && isMoonshot && ModelCatalog.find(model)?.capabilities.batch === false
  }
}

const decimal = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(BigDecimal.normalize(amount))

const resultOf = (estimate: Estimate): CostEstimate => ({
  requests: estimate.requests,
  repeated: estimate.repeated,
  invalid: estimate.invalid,
  rejected: estimate.rejected,
  promptTokens: estimate.promptTokens,
  outputTokens: { likely: estimate.likelyTokens, worst: estimate.worstTokens },
  amounts: [...estimate.sums].map(([currency, { likely, worst }]) => ({
    currency,
    likely: decimal(likely),
    worst: decimal(worst)
  })),
  unpriced: [...estimate.unpriced],
  withoutBatches: [...estimate.withoutBatches]
})

const toText = (result: CostEstimate): string =>
  [
    `${counted(result.requests, "request")}, ${counted(result.promptTokens, "prompt token")}`,
    `likely ${counted(result.outputTokens.likely, "output token")}, at most ${result.outputTokens.worst}`,
    ...result.amounts.map(
      ({ currency, likely, worst }) =>
        `likely ${currencySymbols[currency]}${likely}, at most ${currencySymbols[currency]}${worst}`
    ),
    ...(result.repeated === 0
      ? []
      : [`rows that are equal to one of the latest 1000, and requested at the worst: ${result.repeated}`]),
    ...(result.invalid === 0 ? [] : [`rows that would fail before they are sent: ${result.invalid}`]),
    ...(result.withoutBatches.length === 0
      ? []
      : [
          `the host runs no batches of ${Output.plain(result.withoutBatches.join(", "))}: use ${ModelCatalog.batchModels.join(" or ")}`
        ]),
    ...(result.unpriced.length === 0 ? [] : [`without a known price: ${Output.plain(result.unpriced.join(", "))}`])
  ].join("\n")

/** Lines that are no rows are listed up to this number, and counted. */
const mostListed = 10

const promptsOf = (file: string, members: ReturnType<typeof membersOf>) =>
  Effect.map(Effect.all([FileSystem.FileSystem, Stdio.Stdio]), ([fs, { stdin }]) =>
    (isStandard(file) ? stdin : fs.stream(file)).pipe(
      Stream.mapError(() => InputFile.unreadable(file, "its reading has failed")),
      Stream.decodeText(),
      Stream.splitLines,
      Stream.filter((line) => line.trim() !== ""),
      Stream.map((line): ChatRequest => ({ ...members, messages: [user(line)] }))
    )
  ).pipe(Stream.unwrap)

/** The requests that `kimi batch run` would read. */
const rowsOf = (file: string, flags: InputFlags, estimate: Estimate) =>
  Effect.map(jobInput(file, flags), (input) =>
    BatchJob.rows({
      ...input,
      onReject: ({ line, message }) =>
        Effect.suspend(() => {
          estimate.rejected += 1
          return estimate.rejected > mostListed ? Effect.void : Output.note(`Line ${line} is no row: ${message}`)
        })
    })
  ).pipe(
    Stream.unwrap,
    Stream.map(({ request }) => request)
  )

/** The flags of rows that were given, by the names of the command line. */
const givenOf = ({ effort: _effort, maxTokens: _maxTokens, ...flags }: InputFlags): ReadonlyArray<string> =>
  Object.entries(flags).flatMap(([name, value]) => (Option.isSome(value) ? [`--${flagOf(name)}`] : []))

const notRead = (flags: ReadonlyArray<string>) =>
  new UsageError(
    `${flags.join(", ")} cannot be used with --text, of which each line is a whole prompt`,
    "Leave out --text to read columns of a table, or the other flags to read lines."
  )

export const run = Effect.fnUntraced(function* ({ batch, file, json, options, outputTokens, read, text }: Input) {
  const unused = text ? givenOf(read) : []
  if (unused.length > 0) return yield* Effect.fail(notRead(unused))
  if (!isStandard(file)) yield* text ? InputFile.check(file) : InputFile.checkRows(file)
  const { settings } = yield* configuration.loadWithoutKey(options)
  const { config, table } = settings
  const host = Provider.fromConfig(config)
  const { defaultModel, id: provider, isMoonshot } = host
  const day = DateTime.formatIsoDateUtc(yield* DateTime.now)
  const estimate = new Estimate(
    { provider, isMoonshot, day, isBatch: batch },
    table ?? PriceTable.catalog,
    outputTokens
  )
  // Lines that are prompts are no rows of a batch, and the host runs all rows of one.
  const recent = text || batch ? undefined : new RecentRequests()
  const add = (request: ChatRequest) =>
    // A job only looks for the messages of a row. The client checks the others before it sends them.
    Effect.match(
      RequestCheck.check(
        { ...request, model: request.model ?? config.model ?? defaultModel },
        host,
        config.requestPolicy
      ),
      {
        onFailure: () => void (estimate.invalid += 1),
        onSuccess: (checked) => estimate.add(checked, recent?.has(request) ?? false)
      }
    )
  yield* text
    ? Stream.runForEach(promptsOf(file, membersOf(read)), add)
    : Stream.runForEach(rowsOf(file, read, estimate), add)
  const result = resultOf(estimate)
  yield* json ? Output.json(result) : Output.line(toText(result))
  if (estimate.rejected > 0) {
    return yield* Effect.fail(
      new CommandError(
        `Lines that are no rows: ${estimate.rejected}`,
        "They are not in the amounts; kimi batch run would list them in its reject file."
      )
    )
  }
})
