/** Computes what the requests of a file will cost. */
import * as Provider from "@kimi-effect/client/Provider"
import { ChatRequest, type ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as Cost from "@kimi-effect/core/Cost"
import { user } from "@kimi-effect/core/Message"
import * as PriceTable from "@kimi-effect/core/PriceTable"
import * as TokenCount from "@kimi-effect/core/TokenCount"
import { fromTokens } from "@kimi-effect/core/Usage"
import { InvalidRequestError } from "@kimi-effect/core/ValidationErrors"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as configuration from "../configuration.ts"
import { CommandError } from "../commandError.ts"
import type { Given } from "../optionFlags.ts"
import * as Output from "../output.ts"
import type { CostEstimate } from "../schemas/cost.ts"

interface Input {
  readonly file: string
  readonly text: boolean
  readonly outputTokens: number
  readonly batch: boolean
  readonly json: boolean
  readonly options: Given
}

const decode = Schema.decodeUnknownResult(
  Schema.fromJsonString(
    Schema.Union([Schema.Struct({ request: ChatRequest }), Schema.Struct({ body: ChatRequest }), ChatRequest])
  )
)

/** Errors name the line and never quote it. */
const requestOf = (line: string, number: number, isText: boolean): Result.Result<ChatRequest, InvalidRequestError> => {
  if (isText) return Result.succeed({ messages: [user(line)] })
  return Result.match(decode(line), {
    onSuccess: (row) => Result.succeed("request" in row ? row.request : "body" in row ? row.body : row),
    onFailure: () =>
      Result.fail(
        new InvalidRequestError({
          message: `Line ${number} is neither a chat request nor a row of a batch; with --text, each line is a prompt`,
          parameter: `line ${number}`
        })
      )
  })
}

/** Where and when the requests are sent. */
interface Purchase {
  readonly provider: string
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
  promptTokens = 0
  likelyTokens = 0
  worstTokens = 0
  readonly sums = new Map<"USD" | "CNY", Sum>()
  readonly unpriced = new Set<string>()
  readonly #at: Purchase
  readonly #prices: PriceTable.Prices
  readonly #outputTokens: number

  constructor(at: Purchase, prices: PriceTable.Prices, outputTokens: number) {
    this.#at = at
    this.#prices = prices
    this.#outputTokens = outputTokens
  }

  add(request: ModelRequest): void {
    const prompt = TokenCount.ofPrompt(request)
    const most = TokenCount.maxCompletion(request)
    const likelyTokens = Math.min(most, this.#outputTokens * TokenCount.choiceCount(request))
    this.requests++
    this.promptTokens += prompt
    this.likelyTokens += likelyTokens
    this.worstTokens += most
    const likely = Cost.of(fromTokens(prompt, likelyTokens), { ...this.#at, model: request.model }, this.#prices)
    const worst = Cost.worstCase(request, this.#at, this.#prices)
    if (Option.isNone(likely) || Option.isNone(worst)) {
      this.unpriced.add(request.model)
      return
    }
    const { currency } = likely.value
    const sum = this.sums.get(currency) ?? { likely: BigDecimal.fromBigInt(0n), worst: BigDecimal.fromBigInt(0n) }
    sum.likely = BigDecimal.sum(sum.likely, likely.value.total)
    sum.worst = BigDecimal.sum(sum.worst, worst.value.total)
    this.sums.set(currency, sum)
  }
}

const decimal = (amount: BigDecimal.BigDecimal): string => BigDecimal.format(BigDecimal.normalize(amount))

const resultOf = (estimate: Estimate): CostEstimate => ({
  requests: estimate.requests,
  promptTokens: estimate.promptTokens,
  outputTokens: { likely: estimate.likelyTokens, worst: estimate.worstTokens },
  amounts: [...estimate.sums].map(([currency, { likely, worst }]) => ({
    currency,
    likely: decimal(likely),
    worst: decimal(worst)
  })),
  unpriced: [...estimate.unpriced]
})

const symbols = { USD: "$", CNY: "¥" } as const

const toText = (result: CostEstimate): string =>
  [
    `${result.requests} requests, ${result.promptTokens} prompt tokens`,
    `likely ${result.outputTokens.likely} output tokens, at most ${result.outputTokens.worst}`,
    ...result.amounts.map(
      ({ currency, likely, worst }) => `likely ${symbols[currency]}${likely}, at most ${symbols[currency]}${worst}`
    ),
    ...(result.unpriced.length === 0 ? [] : [`without a known price: ${Output.plain(result.unpriced.join(", "))}`])
  ].join("\n")

export const run = Effect.fnUntraced(function* ({ batch, file, json, options, outputTokens, text }: Input) {
  const { settings } = yield* configuration.loadWithoutKey(options)
  const { config, table } = settings
  const { defaultModel, id: provider } = Provider.fromConfig(config)
  const day = DateTime.formatIsoDateUtc(yield* DateTime.now)
  const estimate = new Estimate({ provider, day, isBatch: batch }, table ?? PriceTable.catalog, outputTokens)
  const fs = yield* FileSystem.FileSystem
  let number = 0
  yield* fs.stream(file).pipe(
    Stream.mapError(({ reason }) => new CommandError(`${file} cannot be read: ${reason._tag}`, "Check the path.")),
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runForEach((line) => {
      number++
      if (line.trim() === "") return Effect.void
      return Effect.map(Effect.fromResult(requestOf(line, number, text)), (request) =>
        estimate.add({ ...request, model: request.model ?? config.model ?? defaultModel })
      )
    })
  )
  const result = resultOf(estimate)
  yield* json ? Output.json(result) : Output.line(toText(result))
})
